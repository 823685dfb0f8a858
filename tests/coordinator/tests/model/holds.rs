//! Runs in which all promises hold, by the rules that lockhost follows.

use lockhost_coordinator_model::{
    checker::exhaust,
    clock::Rate,
    properties::Promise,
    setting::{Budget, Setting},
};

/// Where data is restored, tokens may be those of earlier owners.
fn holds(setting: Setting) {
    let promises: &[Promise] = match setting.budget.restores {
        0 => &[Promise::OneActs, Promise::NoWedge, Promise::TokensRise],
        _ => &[Promise::OneActs, Promise::NoWedge],
    };
    exhaust(&setting, promises);
}

fn revoked() -> Budget {
    Budget {
        revocations: 1,
        ..Budget::default()
    }
}

#[test]
fn two_owners_never_act_when_a_session_is_revoked() {
    holds(
        Setting::of("revoked, and one comes again", &[2, 1])
            .patient()
            .with(revoked()),
    );
    holds(Setting::of("revoked, messages lost", &[1, 1]).with(revoked()));
}

#[test]
fn two_owners_never_act_on_a_slow_and_a_fast_clock() {
    for clocks in [[Rate::Slow, Rate::Fast], [Rate::Fast, Rate::Slow]] {
        holds(
            Setting::of("revoked, clocks wrong", &[1, 1])
                .with(revoked())
                .clocks(&clocks),
        );
        holds(
            Setting::of("a dead owner, clocks wrong", &[1, 1])
                .dead()
                .clocks(&clocks),
        );
    }
}

#[test]
fn two_owners_never_act_when_a_machine_loses_power() {
    let budget = Budget {
        power_losses: 2,
        ..revoked()
    };
    holds(Setting::of("power losses", &[1, 1]).with(budget));
    let budget = Budget {
        power_losses: 1,
        replays: 1,
        ..Budget::default()
    };
    holds(
        Setting::of("power loss at an unlink beside a dead owner", &[1, 1])
            .dead()
            .with(budget),
    );
}

#[test]
fn two_owners_never_act_when_any_process_is_killed() {
    let budget = Budget {
        kills: 2,
        ..revoked()
    };
    holds(
        Setting::of("two processes killed", &[1, 1])
            .held()
            .with(budget),
    );
    let budget = Budget {
        kills: 1,
        stops: 1,
        ..revoked()
    };
    holds(
        Setting::of("one killed, one stopped", &[1, 1])
            .held()
            .with(budget),
    );
}

#[test]
fn two_owners_never_act_when_a_machine_is_paused() {
    let budget = Budget {
        pauses: 1,
        ..revoked()
    };
    let setting = Setting::of("paused", &[1, 1]).held().with(budget);
    holds(setting.clone());
    holds(setting.clocks(&[Rate::Slow, Rate::Fast]));
}

#[test]
fn two_owners_never_act_when_a_remove_is_late() {
    let budget = Budget {
        replays: 1,
        ..revoked()
    };
    holds(
        Setting::of("a REMOVE replayed", &[2, 1])
            .held()
            .patient()
            .with(budget),
    );
    holds(
        Setting::of("a late REMOVE among three", &[1, 1, 1])
            .held()
            .patient()
            .with_late_remove()
            .with(revoked()),
    );
    holds(
        Setting::of("a REMOVE replayed beside a dead owner", &[1, 1])
            .dead()
            .with(Budget {
                revocations: 0,
                ..budget
            }),
    );
}

#[test]
fn two_owners_never_act_when_a_transaction_is_late() {
    let budget = Budget {
        late_transactions: 1,
        ..revoked()
    };
    holds(Setting::of("a late transaction", &[1, 1]).with(budget));
}

#[test]
fn two_owners_never_act_when_the_coordinator_is_wiped() {
    let budget = Budget {
        wipes: 1,
        ..Budget::default()
    };
    holds(
        Setting::of("wiped, and one comes again", &[2, 1])
            .patient()
            .with(budget),
    );
    holds(
        Setting::of("wiped, a late REMOVE", &[2, 1])
            .held()
            .with_late_remove()
            .with(budget),
    );
}

#[test]
fn two_owners_never_act_when_the_coordinator_is_restored() {
    let budget = Budget {
        restores: 1,
        lifts: 1,
        ..Budget::default()
    };
    holds(Setting::of("restored", &[1, 1]).patient().with(budget));
    holds(
        Setting::of("restored, a late REMOVE", &[1, 1])
            .held()
            .with_late_remove()
            .with(budget),
    );
    let early = Setting::of("restored from before the key", &[1, 1]).saved_early();
    holds(early.clone().held().with_late_remove().with(Budget {
        revocations: 1,
        ..budget
    }));
    holds(early.acquired().with_late_remove().with(Budget {
        revocations: 1,
        ..budget
    }));
}

#[test]
fn two_owners_never_act_when_it_is_restored_and_revoked() {
    let budget = Budget {
        restores: 1,
        lifts: 1,
        ..revoked()
    };
    holds(
        Setting::of("revoked, restored, before the start", &[1, 1])
            .acquired()
            .patient()
            .with(budget),
    );
    let budget = Budget {
        revocations: 2,
        ..budget
    };
    holds(
        Setting::of("revoked, restored, revoked", &[1, 1])
            .held()
            .patient()
            .with(budget),
    );
}

#[test]
fn two_owners_never_act_by_two_coordinators() {
    let budget = Budget {
        redirections: 1,
        ..Budget::default()
    };
    holds(Setting::of("led to another", &[1, 1]).with(budget));
    holds(
        Setting::of("led to another, a late REMOVE", &[2, 1])
            .held()
            .with_late_remove()
            .with(budget),
    );
}

#[test]
fn after_a_release_no_process_waits() {
    exhaust(
        &Setting::of("two take turns", &[2, 2]).patient(),
        &[Promise::ReleaseIsPrompt],
    );
}

#[test]
fn two_owners_never_act_in_larger_runs() {
    let replayed = Budget {
        replays: 1,
        ..revoked()
    };
    holds(Setting::of("a REMOVE replayed, messages lost", &[2, 1]).with(replayed));
    let clocks = [Rate::Slow, Rate::Fast];
    holds(
        Setting::of("revoked, one comes again, clocks wrong", &[2, 1])
            .with(revoked())
            .clocks(&clocks),
    );
    holds(Setting::of("three, revoked", &[1, 1, 1]).with(revoked()));
    let restored = Budget {
        restores: 1,
        lifts: 1,
        ..revoked()
    };
    holds(
        Setting::of("restored and revoked from the beginning", &[1, 1])
            .patient()
            .with(restored),
    );
}

#[test]
fn two_owners_never_act_when_all_goes_wrong_at_once() {
    let budget = Budget {
        replays: 1,
        power_losses: 1,
        pauses: 1,
        kills: 1,
        stops: 1,
        ..revoked()
    };
    let setting = Setting::of("all but the coordinator's data", &[1, 1]).held();
    holds(setting.with(budget).clocks(&[Rate::Slow, Rate::Fast]));
    let budget = Budget {
        power_losses: 1,
        restores: 1,
        lifts: 1,
        wipes: 1,
        ..revoked()
    };
    let setting = Setting::of("all that can happen to the coordinator's data", &[1, 1]).held();
    holds(setting.with_late_remove().saved_early().with(budget));
}

#[test]
#[ignore = "takes minutes: millions of states"]
fn two_owners_never_act_when_all_goes_wrong_for_longer() {
    let budget = Budget {
        replays: 1,
        power_losses: 1,
        kills: 1,
        ..revoked()
    };
    let setting = Setting::of("three, processes and machines fail", &[1, 1, 1]).held();
    holds(setting.patient().with(budget));
    let budget = Budget {
        pauses: 1,
        ..budget
    };
    let setting = Setting::of("one comes again, all but the coordinator's data", &[2, 1]).held();
    holds(setting.with(budget).clocks(&[Rate::Slow, Rate::Fast]));
}
