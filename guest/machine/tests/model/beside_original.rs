//! lockhost beside the original: the guarantees that the flaws of the original leave.
//!
//! They need four conditions: one original among any number of lockhost processes; no dead owner's reclaim lock; no
//! crash of a lockhost process; and an original that is never stopped for seconds between two steps of an attempt. Then
//! there are never two owners, and no owner's lock is removed by another process. The original may crash, and publish
//! its pid after its file or with it. A file that has no name yet may be lost: the original judges an empty file dead,
//! and confuses a reclaim lock that it judged with the one that stands there by now. lockhost notices, and waits or
//! tries again.
//!
//! Where there are no hard links, that holds on a free directory only: a lockhost reclaim lock is empty for a moment
//! there, and the original judges it dead. `checked` has the way to two owners on a stale directory.
//!
//! In every case, also with two of the original and with a stale reclaim lock, no process is shut out for good.

use lockhost_machine::facts::ErrorCode;

use crate::{
    checker::exhaust,
    directory::{Content, Modified},
    interleavings::depth,
    properties::Promise,
    setting::{Budget, DEAD, Links, Setting, Sort, Start},
};

/// The promises that hold beside one of the original.
const BESIDE_ONE: [Promise; 5] = [
    Promise::NeverTwoOwners,
    Promise::ALivingOwnersFileIsNeverRemovedByAnother,
    Promise::AProcessGetsInWithoutACrash,
    Promise::NoWedge,
    Promise::TheNextSweepRemovesWhatTheDeadLeft,
];

/// The promises that hold whatever the original does.
const ANYHOW: [Promise; 2] = [
    Promise::NoWedge,
    Promise::TheNextSweepRemovesWhatTheDeadLeft,
];

fn free() -> Start {
    Start::default()
}

fn starts() -> Vec<Start> {
    vec![
        free(),
        Start::stale(),
        free().claim(DEAD, &[0]),
        free().file(0, Content::Empty, Modified::Old),
        free().file(0, Content::Empty, Modified::Fresh(0)),
    ]
}

#[test]
fn one_of_ours_and_one_of_the_original() {
    for atomic in [true, false] {
        exhaust(
            Setting {
                starts: starts(),
                sorts: vec![Sort::Ours, Sort::Original { atomic }],
                ..Setting::of("one of ours beside the original", 0)
            },
            &BESIDE_ONE,
        );
    }
}

#[test]
fn two_of_ours_and_one_of_the_original() {
    for atomic in [true, false] {
        let mut starts = vec![free()];
        // Tens of millions of states.
        if depth() > 0 {
            starts.extend([Start::stale(), free().claim(DEAD, &[0])]);
        }
        exhaust(
            Setting {
                starts,
                sorts: vec![Sort::Ours, Sort::Ours, Sort::Original { atomic }],
                ..Setting::of("two of ours beside the original", 0)
            },
            &BESIDE_ONE,
        );
    }
}

#[test]
fn one_that_comes_later_beside_the_original() {
    exhaust(
        Setting {
            starts: vec![free(), Start::stale()],
            sorts: vec![Sort::Ours, Sort::Original { atomic: false }],
            budget: Budget {
                reuses: 1,
                ..Budget::default()
            },
            ..Setting::of(
                "one of ours beside the original, and one with the pid of either",
                0,
            )
        },
        &ANYHOW,
    );
}

#[test]
fn crashes_beside_the_original_shut_none_out() {
    for atomic in [true, false] {
        exhaust(
            Setting {
                starts: starts(),
                sorts: vec![Sort::Ours, Sort::Original { atomic }],
                budget: Budget {
                    crashes: 1,
                    ..Budget::default()
                },
                ..Setting::of("one of ours beside the original, a crash", 0)
            },
            &ANYHOW,
        );
    }
}

#[test]
fn two_of_the_original_beside_ours_shut_none_out() {
    for atomic in [true, false] {
        exhaust(
            Setting {
                starts: vec![free()],
                sorts: vec![
                    Sort::Ours,
                    Sort::Original { atomic },
                    Sort::Original { atomic },
                ],
                ..Setting::of("one of ours beside two of the original", 0)
            },
            &ANYHOW,
        );
    }
}

#[test]
fn without_hard_links_on_a_free_directory_beside_the_original() {
    for atomic in [true, false] {
        exhaust(
            Setting {
                sorts: vec![Sort::Ours, Sort::Original { atomic }],
                links: Links::Lack(ErrorCode::NotPermitted),
                evidence: false,
                ..Setting::of(
                    "without hard links, free, one of ours beside the original",
                    0,
                )
            },
            &BESIDE_ONE,
        );
    }
}
