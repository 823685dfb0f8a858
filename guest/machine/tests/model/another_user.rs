//! Every interleaving with a process of another user, which may open no file that it did not make: private locks in a
//! directory of a group.
//!
//! All promises hold here too, with one exception: an attempt of that user may end with an error, at a lock whose owner
//! is dead.

use crate::{
    checker::exhaust,
    local::Place,
    properties::Promise,
    setting::{Budget, DEAD, STRANGER, Setting, Sort, Start},
};

const ANOTHER_USER: Sort = Sort::In(Place {
    denied: false,
    elsewhere: false,
    another_user: true,
});

fn all(setting: Setting) {
    let promises = Promise::ALL.into_iter();
    let promises: Vec<_> = promises
        .filter(|promise| *promise != Promise::EveryAttemptEndsWell)
        .collect();
    exhaust(setting, &promises);
}

#[test]
fn another_user_beside_one_of_ours() {
    for evidence in [true, false] {
        for start in [
            Start::default(),
            Start::stale(),
            Start::default().claim(DEAD, &[0]),
            Start::default().claim(STRANGER, &[0]),
        ] {
            all(Setting {
                evidence,
                starts: vec![start],
                sorts: vec![ANOTHER_USER, Sort::Ours],
                budget: Budget::ONE_CRASH,
                ..Setting::of("another user beside one of ours", 0)
            });
        }
    }
}

#[test]
fn a_free_directory_refuses_another_user_and_never_fails() {
    exhaust(
        Setting {
            sorts: vec![ANOTHER_USER, Sort::Ours],
            ..Setting::of("another user beside one of ours, no process crashes", 0)
        },
        &Promise::ALL,
    );
}
