//! The holes in the design page's rules that the model has found, each with the rule that closes it.

use lockhost_coordinator_model::{
    checker::{exhaust, find},
    clock::Rate,
    properties::Promise,
    rules::{Rule, Rules},
    setting::{Budget, Setting},
};

/// Checks that a promise does not hold by the page's rules, and does with one more.
fn closed_by(rule: Rule, promise: Promise, setting: Setting) {
    let page = Rules::of_the_page();
    let Some(violation) = find(&setting.clone().by(page), &[promise]) else {
        panic!("{}: not found", setting.what);
    };
    println!("{}, by the page: {violation}\n", setting.what);
    exhaust(&setting.by(page.with(rule)), &[promise]);
}

/// Checks that two owners act by the page's rules, also with one more of two, and never with both.
fn closed_by_both(rules: [Rule; 2], setting: Setting) {
    let page = Rules::of_the_page();
    for left_out in rules {
        let one = rules
            .iter()
            .filter(|rule| **rule != left_out)
            .fold(page, |page, rule| page.with(*rule));
        let found = find(&setting.clone().by(one), &[Promise::OneActs]);
        assert!(
            found.is_some(),
            "{}: not found without {left_out:?}",
            setting.what
        );
    }
    let both = rules.iter().fold(page, |page, rule| page.with(*rule));
    exhaust(&setting.by(both), &[Promise::OneActs]);
}

fn budget() -> Budget {
    Budget::default()
}

#[test]
fn the_page_holds_where_one_thing_goes_wrong() {
    let one = |what, budget| Setting::of(what, &[1, 1]).held().with(budget);
    let revoked = Budget {
        revocations: 1,
        ..budget()
    };
    let settings = [
        one("revoked", revoked),
        one("clocks wrong", revoked).clocks(&[Rate::Slow, Rate::Fast]),
        one("a dead owner", budget()).dead(),
        one("a late REMOVE", budget()).with_late_remove(),
        one("a late REMOVE, revoked", revoked).with_late_remove(),
        one(
            "a power loss",
            Budget {
                power_losses: 1,
                ..revoked
            },
        ),
        one(
            "one killed",
            Budget {
                kills: 1,
                ..revoked
            },
        ),
        one(
            "one stopped",
            Budget {
                stops: 1,
                ..revoked
            },
        ),
        one(
            "paused",
            Budget {
                pauses: 1,
                ..revoked
            },
        ),
        one(
            "wiped",
            Budget {
                wipes: 1,
                ..budget()
            },
        ),
        one(
            "restored",
            Budget {
                restores: 1,
                lifts: 1,
                ..budget()
            },
        ),
        one(
            "led to another",
            Budget {
                redirections: 1,
                ..budget()
            },
        ),
    ];
    for setting in settings {
        exhaust(
            &setting.by(Rules::of_the_page()),
            &[Promise::OneActs, Promise::NoWedge],
        );
    }
}

#[test]
fn both_guards_killed_at_once_need_linked_deaths() {
    let killed = Setting::of("both guards killed", &[1, 1]).held();
    let killed = killed.with(Budget {
        kills: 2,
        revocations: 1,
        ..budget()
    });
    closed_by(Rule::CommandDiesWithDeadman, Promise::OneActs, killed);
    let stopped = Setting::of("one guard killed, one stopped", &[1, 1]).held();
    let stopped = stopped.with(Budget {
        kills: 1,
        stops: 1,
        revocations: 1,
        ..budget()
    });
    closed_by_both([Rule::TimerKills, Rule::CommandDiesWithDeadman], stopped);
}

#[test]
fn a_wipe_and_a_late_remove_need_the_claims_listed() {
    let wiped = Setting::of("wiped, a late REMOVE", &[1, 1])
        .held()
        .with_late_remove();
    closed_by(
        Rule::ClaimsListed,
        Promise::OneActs,
        wiped.with(Budget {
            wipes: 1,
            ..budget()
        }),
    );
}

#[test]
fn another_coordinator_and_a_late_remove_need_the_claims() {
    let led = Setting::of("led to another, a late REMOVE", &[1, 1])
        .held()
        .with_late_remove();
    closed_by(
        Rule::ClaimsListed,
        Promise::OneActs,
        led.with(Budget {
            redirections: 1,
            ..budget()
        }),
    );
}

#[test]
fn a_restore_and_a_late_remove_need_the_claims_listed() {
    let restored = Setting::of("restored, a late REMOVE", &[1, 1])
        .held()
        .with_late_remove()
        .saved_early();
    closed_by(
        Rule::ClaimsListed,
        Promise::OneActs,
        restored.with(Budget {
            restores: 1,
            ..budget()
        }),
    );
}

#[test]
fn a_session_restored_between_two_questions_needs_the_mark() {
    let revoked = Setting::of("revoked, restored, revoked", &[1, 1])
        .held()
        .patient();
    let revoked = revoked.with(Budget {
        restores: 1,
        revocations: 2,
        ..budget()
    });
    closed_by(Rule::Mark, Promise::OneActs, revoked);
}

#[test]
fn a_session_restored_after_its_deadline_stays_dead() {
    let revived = Setting::of("revoked, restored, before the start", &[1, 1])
        .acquired()
        .patient();
    let revived = revived.with(Budget {
        restores: 1,
        revocations: 1,
        ..budget()
    });
    closed_by(Rule::NoRevival, Promise::OneActs, revived);
}

#[test]
fn tokens_of_restored_data_need_the_directory() {
    let restored = Setting::of("restored from before the key", &[1, 1])
        .held()
        .saved_early();
    closed_by(
        Rule::TokenKept,
        Promise::TokensRise,
        restored.with(Budget {
            restores: 1,
            ..budget()
        }),
    );
}
