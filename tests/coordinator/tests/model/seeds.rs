//! Checks of the checker: each rule left out is found, by the promise that it serves.

use lockhost_coordinator_model::{
    checker::{exhaust, find},
    clock::Rate,
    properties::Promise,
    rules::{Rule, Rules},
    setting::{Budget, Setting},
};

/// Checks that a promise holds, and does not once these rules are left out.
fn found(rules: &[Rule], promise: Promise, setting: Setting) {
    exhaust(&setting, &[promise]);
    let seeded = rules
        .iter()
        .fold(setting, |setting, rule| setting.without(*rule));
    let Some(violation) = find(&seeded, &[promise]) else {
        panic!("{}: {rules:?} left out is not found", seeded.what);
    };
    println!("{} without {rules:?}: {violation}\n", seeded.what);
}

const ACT: Promise = Promise::OneActs;

fn budget() -> Budget {
    Budget::default()
}

fn revoked(what: &'static str) -> Setting {
    Setting::of(what, &[1, 1]).held().patient().with(Budget {
        revocations: 1,
        ..budget()
    })
}

fn page(setting: Setting) -> Setting {
    setting.by(Rules::of_the_page())
}

// the wait and the deadline

#[test]
fn gone_that_means_dead_at_once_is_found() {
    found(&[Rule::Wait], ACT, revoked("revoked"));
}

#[test]
fn a_wait_without_the_rates_of_clocks_is_found() {
    found(
        &[Rule::WaitHasRates],
        ACT,
        revoked("revoked").clocks(&[Rate::Slow, Rate::Fast]),
    );
}

#[test]
fn a_wait_without_epsilon_is_found() {
    found(
        &[Rule::WaitHasEpsilon],
        ACT,
        revoked("revoked").clocks(&[Rate::Slow, Rate::Fast]),
    );
    found(
        &[Rule::WaitHasEpsilon],
        ACT,
        revoked("revoked, exact clocks"),
    );
}

#[test]
fn a_wait_counted_from_the_question_is_found() {
    found(&[Rule::WaitFromAnswer], ACT, revoked("revoked"));
}

#[test]
fn a_deadline_counted_from_the_answer_is_found() {
    found(&[Rule::DeadlineFromSending], ACT, revoked("revoked"));
}

#[test]
fn a_start_without_a_look_at_the_deadline_is_found() {
    let setting = Setting::of("revoked, before the start", &[1, 1]).acquired();
    found(
        &[Rule::StartChecked],
        ACT,
        setting.with(Budget {
            revocations: 1,
            ..budget()
        }),
    );
}

// the guards

#[test]
fn a_holder_without_a_deadman_is_found() {
    let budget = Budget {
        revocations: 1,
        stops: 1,
        ..budget()
    };
    found(&[Rule::Deadman], ACT, revoked("stopped").with(budget));
}

#[test]
fn a_deadman_that_kills_at_the_deadline_is_found() {
    found(&[Rule::DeadmanLeavesTime], ACT, revoked("revoked"));
}

#[test]
fn a_command_that_outlives_its_deadman_is_found() {
    let budget = Budget {
        revocations: 1,
        kills: 2,
        ..budget()
    };
    found(
        &[Rule::CommandDiesWithDeadman],
        ACT,
        revoked("both killed").with(budget),
    );
}

#[test]
fn a_deadman_that_no_timer_wakes_is_found() {
    let killed = Budget {
        revocations: 1,
        kills: 1,
        stops: 1,
        ..budget()
    };
    // Stopped before the renewer is killed, or before it kills in turn.
    found(
        &[Rule::TimerKills],
        ACT,
        revoked("one killed, one stopped").with(killed),
    );
    let stopped = Budget {
        kills: 0,
        stops: 2,
        ..killed
    };
    found(
        &[Rule::TimerKills],
        ACT,
        revoked("both stopped").with(stopped),
    );
}

// the key

#[test]
fn no_key_and_an_unlink_of_a_slow_holder_is_found() {
    let setting = Setting::of("comes again", &[2, 1]).held().patient();
    let setting = page(setting.with(Budget {
        revocations: 1,
        ..budget()
    }));
    found(&[Rule::Key], ACT, setting);
}

#[test]
fn no_key_and_an_unlink_of_a_slow_reclaimer_is_found() {
    found(
        &[Rule::Key],
        ACT,
        page(Setting::of("a dead owner", &[1, 1]).dead()),
    );
}

#[test]
fn no_key_and_a_replayed_remove_is_found() {
    let setting = Setting::of("a late REMOVE", &[1, 1])
        .held()
        .with_late_remove();
    found(&[Rule::Key], ACT, setting.clone());
    found(&[Rule::Key], ACT, page(setting));
}

#[test]
fn a_key_put_outside_of_the_transaction_is_found() {
    let setting = Setting::of("a dead owner, a late REMOVE", &[2, 1])
        .dead()
        .patient();
    found(
        &[Rule::KeyInTransaction],
        ACT,
        page(setting.with_late_remove()),
    );
}

#[test]
fn a_transaction_without_the_judged_session_is_found() {
    found(
        &[Rule::JudgedCompared],
        ACT,
        page(Setting::of("a dead owner", &[1, 1]).dead()),
    );
}

#[test]
fn a_transaction_without_its_own_session_is_found() {
    let setting = Setting::of("revoked before the transaction", &[1, 1]);
    let setting = setting.with(Budget {
        revocations: 1,
        ..budget()
    });
    found(&[Rule::OwnSessionCompared], ACT, setting);
}

#[test]
fn a_key_that_is_not_confirmed_is_found() {
    let setting = Setting::of("restored from before the key, lifted", &[1, 1]).held();
    let setting = setting.with_late_remove().saved_early();
    found(
        &[Rule::KeyConfirmed],
        ACT,
        setting.with(Budget {
            restores: 1,
            lifts: 1,
            ..budget()
        }),
    );
}

#[test]
fn neither_key_nor_revision_confirmed_is_found() {
    let setting = Setting::of("restored from before the key", &[1, 1]).held();
    let setting = setting.with_late_remove().saved_early().with(Budget {
        restores: 1,
        ..budget()
    });
    found(&[Rule::KeyConfirmed, Rule::Revision], ACT, setting);
}

#[test]
fn a_key_of_a_dead_session_that_is_not_judged_is_found() {
    found(
        &[Rule::KeyJudged],
        Promise::NoWedge,
        Setting::of("messages lost", &[1, 1]),
    );
}

// the coordinator's lives

#[test]
fn an_incarnation_that_is_not_compared_is_found() {
    let setting = Setting::of("led to another", &[1, 1]).held();
    found(
        &[Rule::Incarnation],
        ACT,
        setting.with(Budget {
            redirections: 1,
            ..budget()
        }),
    );
}

#[test]
fn a_session_that_is_not_marked_is_found() {
    let budget = Budget {
        restores: 1,
        revocations: 2,
        ..budget()
    };
    found(
        &[Rule::Mark],
        ACT,
        revoked("revoked, restored, revoked").with(budget),
    );
}

#[test]
fn a_session_that_is_revived_is_found() {
    let setting = Setting::of("revoked, restored, before the start", &[1, 1])
        .acquired()
        .patient();
    found(
        &[Rule::NoRevival],
        ACT,
        setting.with(Budget {
            restores: 1,
            revocations: 1,
            ..budget()
        }),
    );
}

#[test]
fn claims_that_are_not_listed_are_found() {
    let setting = Setting::of("wiped, a late REMOVE", &[1, 1])
        .held()
        .with_late_remove();
    found(
        &[Rule::ClaimsListed],
        ACT,
        setting.with(Budget {
            wipes: 1,
            ..budget()
        }),
    );
}

#[test]
fn a_token_that_the_directory_does_not_keep_is_found() {
    let setting = Setting::of("restored from before the key", &[1, 1])
        .held()
        .saved_early();
    let setting = setting.by(Rules::MENDED);
    found(
        &[Rule::TokenKept],
        Promise::TokensRise,
        setting.with(Budget {
            restores: 1,
            ..budget()
        }),
    );
}

// the release

#[test]
fn a_release_before_the_command_ends_is_found() {
    found(
        &[Rule::CommandEndsFirst],
        ACT,
        Setting::of("held", &[1, 1]).held().patient(),
    );
}

#[test]
fn a_key_that_is_not_read_again_is_found() {
    let setting = Setting::of("two take turns", &[1, 1]).patient();
    found(&[Rule::KeyReadAgain], Promise::ReleaseIsPrompt, setting);
}

#[test]
fn a_session_deleted_before_the_files_is_found() {
    let setting = Setting::of("two take turns", &[1, 1]).patient();
    found(&[Rule::SessionLast], Promise::ReleaseIsPrompt, setting);
}

// what no promise here needs

#[test]
fn a_loss_that_kills_only_at_the_deadline_is_safe() {
    exhaust(
        &revoked("the loss is ignored").without(Rule::LossKills),
        &[ACT],
    );
}

#[test]
fn a_revision_is_not_needed_where_the_key_is_confirmed() {
    let setting = Setting::of("the revision is ignored", &[1, 1]).held();
    let setting = setting
        .with_late_remove()
        .saved_early()
        .without(Rule::Revision);
    exhaust(
        &setting.with(Budget {
            restores: 1,
            lifts: 1,
            revocations: 1,
            ..budget()
        }),
        &[ACT],
    );
}
