//! Failures of every operation, once, at every step, with every code that WASI has.

use crate::{
    checker::exhaust,
    directory::{Content, Modified},
    faults::{CODES, KINDS},
    interleavings::depth,
    properties::Promise,
    setting::{Budget, DEAD, Links, Setting, Sort, Start},
};

const ONE: Budget = Budget {
    faults: 1,
    ..Budget::NOTHING
};

/// Returns one of each kind of directory.
pub fn starts() -> Vec<Start> {
    let free = Start::default;
    vec![
        free(),
        Start::stale(),
        free().claim(DEAD, &[0]),
        free().claim(DEAD, &[0, 1]),
        free().claim(DEAD, &[1]),
        free().claim(DEAD, &[]),
        Start::stale().claim(DEAD + 1, &[1]),
        Start::stale().file(1, Content::Pid(DEAD + 1), Modified::Old),
        free().file(0, Content::Empty, Modified::Old),
        free().file(0, Content::Garbage, Modified::Future),
    ]
}

#[test]
fn alone_with_every_code() {
    for evidence in [true, false] {
        for sort in [Sort::Ours, Sort::Sweeper] {
            exhaust(
                Setting {
                    evidence,
                    starts: starts(),
                    sorts: vec![sort],
                    codes: &CODES,
                    budget: ONE,
                    ..Setting::of("alone, one failure", 0)
                },
                &Promise::ALL,
            );
        }
    }
}

#[test]
fn alone_without_hard_links_with_every_code() {
    exhaust(
        Setting {
            evidence: false,
            links: Links::Lack(lockhost_machine::facts::ErrorCode::NotPermitted),
            starts: starts(),
            sorts: vec![Sort::Sweeper],
            codes: &CODES,
            budget: ONE,
            ..Setting::of("without hard links, alone, one failure", 0)
        },
        &Promise::ALL,
    );
}

#[test]
fn beside_another_with_every_kind_of_code() {
    let mut starts = vec![Start::default()];
    if depth() > 0 {
        starts.extend([Start::stale(), Start::default().claim(DEAD, &[0])]);
    }
    for evidence in [true, false] {
        exhaust(
            Setting {
                evidence,
                starts: starts.clone(),
                codes: &KINDS,
                budget: ONE,
                ..Setting::of("beside another, one failure", 2)
            },
            &Promise::ALL,
        );
    }
}
