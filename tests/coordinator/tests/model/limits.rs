//! The states that no lock can mend: the model finds the two owners in each of them.

use lockhost_coordinator_model::{
    checker::{exhaust, find},
    properties::Promise,
    rules::Rule,
    setting::{Budget, Limit, Setting},
};

fn found(setting: Setting) {
    let Some(violation) = find(&setting, &[Promise::OneActs]) else {
        panic!("{}: not found", setting.what);
    };
    println!("{}: {violation}\n", setting.what);
}

/// Checks that two owners act, and not if a timer of the kernel kills the deadman.
fn closed_by_a_timer(setting: Setting) {
    let rules = setting.rules;
    found(setting.clone().by(rules.without(Rule::TimerKills)));
    exhaust(
        &setting.by(rules.with(Rule::TimerKills)),
        &[Promise::OneActs],
    );
}

fn held(what: &'static str, budget: Budget) -> Setting {
    let budget = Budget {
        revocations: 1,
        ..budget
    };
    Setting::of(what, &[1, 1]).held().with(budget)
}

fn paused() -> Budget {
    Budget {
        pauses: 1,
        ..Budget::default()
    }
}

#[test]
fn a_pause_that_stops_the_clock_is_found() {
    found(held("the hypervisor's pause", paused()).limit(Limit::ClockStops));
}

#[test]
fn both_guards_stopped_are_found() {
    closed_by_a_timer(held(
        "both guards stopped",
        Budget {
            stops: 2,
            ..Budget::default()
        },
    ));
}

#[test]
fn an_escaped_descendant_is_found() {
    found(held("an escaped descendant", Budget::default()).limit(Limit::Escape));
}

#[test]
fn a_dirty_page_of_a_dead_command_is_found() {
    found(held("a dirty page", Budget::default()).limit(Limit::DirtyPage));
}

#[test]
fn a_command_that_thaws_before_its_guards_is_found() {
    closed_by_a_timer(held("the command thaws first", paused()).limit(Limit::CommandThawsFirst));
}
