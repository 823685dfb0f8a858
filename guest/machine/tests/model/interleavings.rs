//! Every interleaving of lockhost processes, on every kind of directory, with every event from outside.
//!
//! `LOCKHOST_DEPTH=1` goes further, `LOCKHOST_DEPTH=2` further still: they take minutes to hours, and many gigabytes.

use std::env;

use crate::{
    checker::exhaust,
    directory::Content,
    properties::Promise,
    setting::{Budget, DEAD, Setting, Sort, Start},
    starts,
    table::Author,
};

/// Returns how far to go.
pub fn depth() -> u8 {
    let depth = env::var("LOCKHOST_DEPTH").ok();
    depth.map_or(0, |depth| {
        depth.parse().expect("LOCKHOST_DEPTH is a number")
    })
}

/// Goes through a run, with every promise.
fn all(setting: Setting) {
    exhaust(setting, &Promise::ALL);
}

/// Returns these directories with owners that keep their files locked.
fn kept(starts: Vec<Start>) -> Vec<Start> {
    let kept = |start| Start {
        kept: true,
        ..start
    };
    starts.into_iter().map(kept).collect()
}

#[test]
fn two_on_a_free_directory_with_crashes() {
    for evidence in [true, false] {
        all(Setting {
            evidence,
            budget: Budget {
                crashes: 2,
                ..Budget::NOTHING
            },
            ..Setting::of("free, two crashes", 2)
        });
    }
}

#[test]
fn three_on_a_free_directory_with_a_crash() {
    all(Setting {
        budget: Budget::ONE_CRASH,
        ..Setting::of("free, three at once", 3)
    });
}

#[test]
fn two_that_try_twice() {
    all(Setting {
        rounds: 2,
        budget: Budget::ONE_CRASH,
        ..Setting::of("free, each tries twice", 2)
    });
}

#[test]
fn processes_that_come_when_others_have_gone() {
    all(Setting {
        budget: Budget {
            arrivals: 1,
            ..Budget::ONE_CRASH
        },
        ..Setting::of("free, one comes later", 2)
    });
    // Here a file can be judged and be another one when it is removed.
    all(Setting {
        starts: vec![Start::stale()],
        budget: Budget {
            arrivals: 1,
            ..Budget::NOTHING
        },
        ..Setting::of("stale, one comes later", 2)
    });
}

#[test]
fn pids_that_come_back() {
    for evidence in [true, false] {
        all(Setting {
            evidence,
            budget: Budget {
                reuses: 1,
                ..Budget::ONE_CRASH
            },
            ..Setting::of("free, a pid comes back", 2)
        });
        all(Setting {
            evidence,
            starts: vec![Start::default(), Start::default().claim(DEAD, &[0])],
            budget: Budget {
                strangers: 2,
                ..Budget::ONE_CRASH
            },
            ..Setting::of("free or crashed, pids become strangers'", 2)
        });
    }
}

#[test]
fn two_attempts_of_one_process() {
    for evidence in [true, false] {
        all(Setting {
            evidence,
            sorts: vec![Sort::Ours, Sort::Thread, Sort::Ours],
            budget: Budget::ONE_CRASH,
            ..Setting::of("free, two attempts in one process, and another process", 0)
        });
        all(Setting {
            evidence,
            starts: vec![Start::stale()],
            sorts: vec![Sort::Ours, Sort::Thread],
            budget: Budget::ONE_CRASH,
            ..Setting::of("stale, two attempts in one process", 0)
        });
    }
}

#[test]
fn backups_at_any_moment() {
    all(Setting {
        starts: vec![Start::default(), Start::stale()],
        budget: Budget {
            snapshots: 1,
            ..Budget::ONE_CRASH
        },
        ..Setting::of("free or stale, files are linked elsewhere", 2)
    });
}

#[test]
fn sweeping_beside_others() {
    let litter = Start::default().claim(DEAD, &[]).claim(DEAD + 1, &[1]);
    for torn in [false, true] {
        all(Setting {
            torn,
            starts: vec![litter.clone(), Start::default()],
            sorts: vec![Sort::Sweeper, Sort::Sweeper],
            budget: Budget::ONE_CRASH,
            ..Setting::of("litter, both sweep", 0)
        });
    }
    all(Setting {
        sorts: vec![Sort::Sweeper, Sort::Ours, Sort::Ours],
        ..Setting::of("free, one of three sweeps", 0)
    });
}

#[test]
fn listings_that_change_under_the_reader() {
    all(Setting {
        torn: true,
        starts: starts::few(1),
        budget: Budget::ONE_CRASH,
        ..Setting::of("listings read in two steps", 2)
    });
}

#[test]
fn inspections_in_between_change_nothing_and_end() {
    all(Setting {
        starts: starts::few(1),
        sorts: vec![Sort::Ours, Sort::Inspector],
        budget: Budget::ONE_CRASH,
        ..Setting::of("inspected in between", 0)
    });
    all(Setting {
        sorts: vec![Sort::Ours, Sort::Ours, Sort::Inspector],
        budget: Budget::ONE_CRASH,
        ..Setting::of("free, inspected in between", 0)
    });
}

#[test]
fn a_lock_that_a_person_removes_under_its_owner() {
    let promises = [
        Promise::WhatALivingProcessHasMadeIsNeverRemovedByAnother,
        Promise::NoWedge,
        Promise::TheNextSweepRemovesWhatTheDeadLeft,
        Promise::NothingIsLeftWithoutACrash,
    ];
    exhaust(
        Setting {
            starts: vec![Start::default(), Start::stale()],
            budget: Budget {
                removals: 1,
                ..Budget::NOTHING
            },
            ..Setting::of("free or stale, a person removes the lock", 2)
        },
        &promises,
    );
}

#[test]
fn foreign_owners_with_evidence_are_respected_while_they_live() {
    // Owners that keep their files locked may end at any moment, even before any other event.
    all(Setting {
        starts: kept(starts::foreign()),
        ..Setting::of("owners of another boot or container with evidence", 2)
    });
    all(Setting {
        starts: kept(vec![starts::namesake()]),
        budget: Budget::ONE_CRASH,
        ..Setting::of("owners elsewhere with evidence and a pid of ours", 2)
    });
    // This one has ended: the kernel has dropped its lock.
    let dead = Setting {
        starts: vec![starts::namesake()],
        budget: Budget::ONE_CRASH,
        ..Setting::of("a dead owner elsewhere with a pid of ours, by evidence", 2)
    };
    assert!(exhaust(dead, &Promise::ALL).counts.acquisitions > 0);
}

#[test]
fn foreign_owners_without_evidence_are_respected_for_good() {
    for setting in [
        Setting {
            starts: starts::foreign(),
            evidence: false,
            ..Setting::of("owners of another boot or container, no evidence here", 2)
        },
        Setting {
            starts: vec![starts::namesake()],
            evidence: false,
            ..Setting::of("owners elsewhere with a pid of ours, no evidence here", 2)
        },
        Setting {
            starts: starts::unproven(),
            ..Setting::of(
                "owners of another boot or container who promise no evidence",
                2,
            )
        },
        Setting {
            starts: kept(starts::unproven()),
            ..Setting::of("owners who promise no evidence, and are kept open", 2)
        },
    ] {
        exhaust(setting, &Promise::ALL);
    }
}

#[test]
fn more_than_a_pid_is_respected_while_a_number_lives() {
    for evidence in [true, false] {
        all(Setting {
            evidence,
            starts: starts::more_than_a_pid(2),
            budget: Budget {
                arrivals: 1,
                ..Budget::ONE_CRASH
            },
            ..Setting::of("more than a pid, one after another", 1)
        });
        all(Setting {
            evidence,
            starts: starts::more_than_a_pid(1),
            budget: Budget::ONE_CRASH,
            ..Setting::of("more than a pid, two at once", 2)
        });
    }
}

#[test]
fn one_after_another_on_any_directory_to_three_levels() {
    let kinds: &[bool] = if depth() > 0 { &[true, false] } else { &[true] };
    for evidence in kinds {
        // In parts, since each directory leads to states of its own, and all at once would take gigabytes.
        for (part, starts) in starts::any(3).chunks(200).enumerate() {
            all(Setting {
                evidence: *evidence,
                starts: starts.to_vec(),
                budget: Budget {
                    arrivals: 1,
                    ..Budget::ONE_CRASH
                },
                ..Setting::of(
                    &format!("any three levels, one after another, part {part}"),
                    1,
                )
            });
        }
    }
}

#[test]
fn two_at_once_on_any_directory() {
    all(Setting {
        starts: starts::any(1),
        budget: Budget::ONE_CRASH,
        ..Setting::of("any one level", 2)
    });
    let levels = if depth() > 0 {
        starts::any(2)
    } else {
        starts::few(2)
    };
    all(Setting {
        starts: levels,
        budget: Budget::ONE_CRASH,
        ..Setting::of("two levels", 2)
    });
    if depth() > 0 {
        all(Setting {
            starts: starts::few(3),
            ..Setting::of("three levels", 2)
        });
    }
    if depth() > 1 {
        all(Setting {
            starts: starts::taken_over(3),
            ..Setting::of("any three levels that can be taken over", 2)
        });
    }
}

#[test]
fn eight_levels_of_crashed_reclaims() {
    let levels = |count: u8| {
        let levels = 0..count;
        levels.fold(Start::default(), |start, level| {
            start.claim(DEAD + level, &[level])
        })
    };
    all(Setting {
        starts: (1..=7).map(levels).collect(),
        budget: Budget::ONE_CRASH,
        ..Setting::of("one to seven levels, all dead, and a crash on top", 1)
    });
    // One more crash may be one too many here, which is a documented error, and may leave the deepest file to a user.
    exhaust(
        Setting {
            starts: vec![levels(8)],
            ..Setting::of("eight levels, all dead", 1)
        },
        &[
            Promise::NeverTwoOwners,
            Promise::ALivingOwnersFileIsNeverRemovedByAnother,
            Promise::AProcessGetsInWithoutACrash,
            Promise::NothingIsLeftWithoutACrash,
            Promise::EveryAttemptEndsWell,
        ],
    );
}

#[test]
fn more_at_once() {
    if depth() == 0 {
        return;
    }
    all(Setting {
        starts: vec![Start::stale()],
        ..Setting::of("stale, three at once", 3)
    });
    if depth() > 1 {
        all(Setting::of("free, four at once", 4));
    }
}

#[test]
fn steps_without_witnesses_may_be_taken_at_once() {
    for evidence in [true, false] {
        let ways = |reduced| {
            exhaust(
                Setting {
                    evidence,
                    reduced,
                    starts: vec![Start::default(), Start::stale()],
                    budget: Budget::ONE_CRASH,
                    ..Setting::of("free or stale, every order", 2)
                },
                &Promise::ALL,
            )
        };
        let (few, many) = (ways(true), ways(false));
        assert!(few.states < many.states);
        assert_eq!(few.ends, many.ends, "what can be left at the end");
    }
}

#[test]
fn a_link_count_of_one_is_not_believed_without_evidence() {
    // The owner elsewhere has a pid that no process has here.
    let namesake = Start::default().claim_with(Author::Unproven(1), Content::Pid(DEAD), &[0]);
    for sees_one_link in [0b00001, 0b11111] {
        let none_gets_in = Setting {
            evidence: false,
            sees_one_link,
            starts: vec![namesake.clone()],
            ..Setting::of("an owner elsewhere, whose file seems to have one name", 2)
        };
        assert_eq!(exhaust(none_gets_in, &Promise::ALL).counts.acquisitions, 0);
    }
}

#[test]
fn processes_that_know_each_other_by_evidence_alone() {
    let empty = Start::default().claim_with(Author::Foreign(1), Content::Empty, &[]);
    all(Setting {
        apart: true,
        starts: vec![Start::default(), empty.clone()],
        sorts: vec![Sort::Ours, Sort::Sweeper],
        budget: Budget {
            eras: 1,
            ..Budget::ONE_CRASH
        },
        ..Setting::of("namespaces of their own, one sweeps, a minute passes", 0)
    });
    // Two attempts of one process may give two files the same name, one after the other: tens of millions of states.
    if depth() > 0 {
        all(Setting {
            apart: true,
            sorts: vec![Sort::Ours, Sort::Thread, Sort::Sweeper],
            budget: Budget {
                eras: 1,
                ..Budget::NOTHING
            },
            ..Setting::of(
                "namespaces of their own, two attempts in one, one sweeps, a minute passes",
                0,
            )
        });
    }
}
