//! Every interleaving where there are no hard links: files are made in place, and are empty for a while.
//!
//! All promises hold here, however long a process is stopped between two steps, with one exception. Where a lockhost
//! process is stopped for seconds in the middle of an attempt, all processes may be refused.

use lockhost_machine::facts::ErrorCode;

use crate::{
    checker::exhaust,
    directory::{Content, Modified},
    interleavings::depth,
    properties::Promise,
    setting::{Budget, Links, Setting, Start, Timely},
};

const LACK: Links = Links::Lack(ErrorCode::NotPermitted);

/// Returns the promises that hold even if a process is stopped for seconds.
fn however_long() -> Vec<Promise> {
    let promises = Promise::ALL.into_iter();
    promises
        .filter(|promise| *promise != Promise::AProcessGetsInWithoutACrash)
        .collect()
}

fn setting(what: &str, ours: usize) -> Setting {
    Setting {
        links: LACK,
        evidence: false,
        ..Setting::of(what, ours)
    }
}

#[test]
fn two_on_a_free_directory_however_long_they_are_stopped() {
    let setting = Setting {
        budget: Budget::ONE_CRASH,
        ..setting("without hard links, free", 2)
    };
    exhaust(setting.clone(), &however_long());
    let apart = Setting {
        links: Links::Apart,
        what: "files that show as others under each name, free".into(),
        ..setting
    };
    exhaust(apart, &however_long());
}

#[test]
fn two_on_a_free_directory_of_which_none_is_stopped() {
    exhaust(
        Setting {
            timely: Timely::Everybody,
            budget: Budget::ONE_CRASH,
            ..setting(
                "without hard links, free, no process is stopped for seconds",
                2,
            )
        },
        &Promise::ALL,
    );
}

#[test]
fn one_after_another_on_what_others_left() {
    exhaust(
        Setting {
            starts: crate::starts::taken_over(2),
            budget: Budget::ONE_CRASH,
            ..setting("without hard links, any two levels, alone", 1)
        },
        &Promise::ALL,
    );
}

#[test]
fn two_on_a_stale_directory() {
    exhaust(
        Setting {
            timely: Timely::Everybody,
            starts: vec![Start::stale()],
            ..setting(
                "without hard links, stale, no process is stopped for seconds",
                2,
            )
        },
        &Promise::ALL,
    );
    if depth() > 0 {
        exhaust(
            Setting {
                starts: vec![Start::stale()],
                budget: Budget::ONE_CRASH,
                ..setting("without hard links, stale", 2)
            },
            &however_long(),
        );
    }
    if depth() > 1 {
        exhaust(
            Setting {
                starts: vec![Start::default().file(0, Content::Empty, Modified::Fresh(0))],
                ..setting("without hard links, empty", 2)
            },
            &however_long(),
        );
    }
}

#[test]
fn one_that_sees_no_second_name_beside_one_that_does() {
    // A scratch link of the first has one name as that process sees it, so it makes its files in place.
    for sees_one_link in [0b00001, 0b11111] {
        let setting = |what| Setting {
            links: Links::Work,
            sees_one_link,
            ..setting(what, 2)
        };
        exhaust(
            Setting {
                budget: Budget::ONE_CRASH,
                ..setting("files that seem to have one name, free")
            },
            &however_long(),
        );
        exhaust(
            Setting {
                timely: Timely::Everybody,
                starts: vec![Start::stale()],
                ..setting("files that seem to have one name, stale, no process is stopped")
            },
            &Promise::ALL,
        );
    }
}
