//! The renewer's intervals, and each inequality violated.

use lockhost_coordinator_model::renewal::{Intervals, Survival};

const RIGHT: Intervals = Intervals::RIGHT;

fn holds(promise: Survival, intervals: Intervals) {
    match promise.check(intervals) {
        Ok(states) => println!("{promise:?}: {states} states"),
        Err(trace) => panic!("{intervals:?}: {promise:?} is not so: {trace}"),
    }
}

fn broken(promise: Survival, intervals: Intervals) {
    match promise.check(intervals) {
        Ok(_) => panic!("{intervals:?}: {promise:?} holds"),
        Err(trace) => println!("{intervals:?}: {promise:?} is not so: {trace}"),
    }
}

#[test]
fn one_lost_confirm_ends_no_command() {
    holds(Survival::CommandGoesOn, RIGHT);
    // The same where P is the longer one.
    let longer = Intervals {
        period: 3,
        deadline: 10,
        lease: 10,
        ..RIGHT
    };
    holds(Survival::CommandGoesOn, longer);
    broken(
        Survival::CommandGoesOn,
        Intervals {
            deadline: 9,
            ..longer
        },
    );
}

#[test]
fn a_deadline_that_is_too_short_is_found() {
    broken(
        Survival::CommandGoesOn,
        Intervals {
            deadline: 8,
            lease: 8,
            ..RIGHT
        },
    );
    broken(Survival::CommandGoesOn, Intervals { stop: 3, ..RIGHT });
    broken(
        Survival::CommandGoesOn,
        Intervals {
            timeout: 3,
            ..RIGHT
        },
    );
    broken(Survival::CommandGoesOn, Intervals { period: 3, ..RIGHT });
}

#[test]
fn two_lost_confirms_may_end_a_command() {
    broken(Survival::CommandGoesOn, Intervals { losses: 2, ..RIGHT });
}

#[test]
fn a_lease_outlasts_its_deadline() {
    holds(
        Survival::LeaseOutlastsDeadline,
        Intervals { losses: 4, ..RIGHT },
    );
}

#[test]
fn a_lease_shorter_than_the_deadline_is_found() {
    broken(
        Survival::LeaseOutlastsDeadline,
        Intervals {
            losses: 4,
            lease: 8,
            ..RIGHT
        },
    );
}
