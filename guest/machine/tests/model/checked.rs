//! Checks of the checker.

use lockhost_machine::facts::ErrorCode;

use crate::{
    checker::{Violation, find},
    denied::{DENIED, DENIED_ELSEWHERE, ELSEWHERE},
    directory::{Content, Modified},
    properties::Promise,
    seeds::Seed,
    setting::{Budget, Cached, DEAD, Links, STRANGER, Setting, Sort, Start, Timely},
    table::Author,
};

/// Finds a violation with the checker, and prints its trace.
pub fn caught(setting: Setting, promise: Promise) {
    let what = setting.what.clone();
    let Some(Violation { steps, trace, .. }) = find(setting, &[promise]) else {
        panic!("{what}: not caught");
    };
    println!(
        "{what}: not so, after {steps} steps: {}\n{}\n",
        promise.name(),
        trace.join("\n")
    );
}

/// Returns a setting with a fault in lockhost.
fn seeded(what: &str, seed: Seed, start: Start) -> Setting {
    Setting {
        starts: vec![start],
        seed: Some(seed),
        ..Setting::of(what, 2)
    }
}

fn free() -> Start {
    Start::default()
}

const ATOMIC: Sort = Sort::Original { atomic: true };
const NOT_ATOMIC: Sort = Sort::Original { atomic: false };

const TWO_OWNERS: Promise = Promise::NeverTwoOwners;
const ROBBED: Promise = Promise::ALivingOwnersFileIsNeverRemovedByAnother;
const REMOVED: Promise = Promise::WhatALivingProcessHasMadeIsNeverRemovedByAnother;

// the original

#[test]
fn the_originals_two_owners_on_a_free_directory_are_found() {
    let setting = Setting {
        sorts: vec![NOT_ATOMIC, NOT_ATOMIC],
        ..Setting::of("two of the original, free", 0)
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn the_originals_two_owners_on_a_stale_reclaim_lock_are_found() {
    let setting = Setting {
        starts: vec![Start::stale().file(1, Content::Pid(DEAD + 1), Modified::Old)],
        sorts: vec![ATOMIC, ATOMIC],
        ..Setting::of("two of the original, stale reclaim lock", 0)
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn two_originals_beside_ours_on_a_stale_reclaim_lock_are_found() {
    let setting = Setting {
        starts: vec![Start::stale().file(1, Content::Pid(DEAD + 1), Modified::Old)],
        sorts: vec![Sort::Ours, ATOMIC],
        ..Setting::of("the original beside ours, stale reclaim lock", 0)
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn an_original_stopped_for_seconds_is_found_to_let_two_in() {
    let setting = Setting {
        sorts: vec![Sort::Ours, Sort::Ours, ATOMIC],
        timely: Timely::Nobody,
        ..Setting::of("the original stopped for seconds", 0)
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn two_originals_beside_ours_without_hard_links_are_found() {
    let setting = Setting {
        starts: vec![Start::stale()],
        sorts: vec![Sort::Ours, ATOMIC],
        links: Links::Lack(ErrorCode::NotPermitted),
        evidence: false,
        ..Setting::of("the original beside ours, stale, without hard links", 0)
    };
    caught(setting, TWO_OWNERS);
}

// faults in lockhost

#[test]
fn a_file_that_is_not_compared_before_it_is_removed_is_caught() {
    let setting = Setting {
        budget: Budget {
            arrivals: 1,
            ..Budget::default()
        },
        ..seeded("not compared", Seed::NotCompared, Start::stale())
    };
    caught(setting, ROBBED);
}

#[test]
fn a_lock_that_is_removed_unguarded_is_caught() {
    caught(
        seeded("lock unguarded", Seed::LockRemovedUnguarded, Start::stale()),
        TWO_OWNERS,
    );
}

#[test]
fn a_reclaim_lock_that_is_removed_unguarded_is_caught() {
    let start = Start::stale().claim(DEAD + 1, &[1]);
    let setting = seeded("reclaim unguarded", Seed::ReclaimRemovedUnguarded, start);
    caught(setting.clone(), REMOVED);
    caught(setting, TWO_OWNERS);
}

#[test]
fn judging_before_but_not_under_the_reclaim_lock_is_caught() {
    caught(
        seeded("not judged again", Seed::NotJudgedAgain, Start::stale()),
        TWO_OWNERS,
    );
}

#[test]
fn an_original_whose_reclaim_is_not_waited_out_is_caught() {
    let setting = Setting {
        sorts: vec![Sort::Ours, Sort::Ours, ATOMIC],
        ..seeded("not waited out", Seed::OriginalNotAwaited, free())
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn a_lock_not_verified_after_the_originals_reclaim_is_caught() {
    let setting = Setting {
        sorts: vec![Sort::Ours, Sort::Ours, ATOMIC],
        ..seeded("not verified", Seed::NotVerified, free())
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn a_claim_that_is_linked_before_its_pid_is_written_is_caught() {
    let setting = Setting {
        sorts: vec![Sort::Ours, ATOMIC],
        ..seeded(
            "linked before written",
            Seed::LinkedBeforeWritten,
            Start::stale(),
        )
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn a_release_without_a_look_whose_file_it_is_is_caught() {
    let setting = Setting {
        budget: Budget {
            removals: 1,
            ..Budget::default()
        },
        ..seeded("released blindly", Seed::ReleasedBlindly, free())
    };
    caught(setting, REMOVED);
}

#[test]
fn links_counted_where_files_should_be_compared_are_caught() {
    let setting = Setting {
        budget: Budget {
            snapshots: 1,
            ..Budget::default()
        },
        ..seeded("links counted", Seed::LinksCounted, Start::stale())
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn a_sweep_that_does_not_know_that_the_maker_is_dead_is_caught() {
    let setting = Setting {
        sorts: vec![Sort::Ours, Sort::Sweeper],
        ..seeded("swept unasked", Seed::SweptUnasked, free())
    };
    caught(setting, REMOVED);
}

#[test]
fn an_empty_file_that_is_taken_for_dead_at_once_is_caught() {
    let setting = Setting {
        sorts: vec![Sort::Ours, NOT_ATOMIC],
        ..seeded("not settled", Seed::NotSettled, free())
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn owners_not_told_apart_from_the_next_of_their_pid_are_caught() {
    let setting = Setting {
        budget: Budget {
            crashes: 1,
            strangers: 1,
            ..Budget::default()
        },
        ..seeded("starts not compared", Seed::StartsNotCompared, free())
    };
    caught(setting, Promise::NoWedge);
}

#[test]
fn a_machine_to_which_no_owner_is_dead_is_caught() {
    let setting = seeded("no owner is dead", Seed::NoOwnerIsDead, Start::stale());
    caught(setting.clone(), Promise::AProcessGetsInWithoutACrash);
    caught(setting, Promise::NoWedge);
}

#[test]
fn litter_that_is_never_swept_is_caught() {
    let setting = seeded("never swept", Seed::NeverSwept, free().claim(DEAD, &[]));
    caught(setting, Promise::TheNextSweepRemovesWhatTheDeadLeft);
}

#[test]
fn a_claim_that_is_left_behind_is_caught() {
    let setting = seeded("claim left", Seed::ClaimLeft, free());
    caught(setting, Promise::NothingIsLeftWithoutACrash);
}

#[test]
fn a_link_count_that_is_believed_on_any_file_system_is_caught() {
    let elsewhere = free().claim_with(Author::Unproven(1), Content::Pid(DEAD), &[0]);
    let setting = Setting {
        evidence: false,
        sees_one_link: 1,
        ..seeded("one link believed", Seed::OneLinkBelieved, elsewhere)
    };
    caught(setting, REMOVED);
}

#[test]
fn a_cached_name_that_is_believed_on_a_share_is_caught() {
    let setting = |start| Setting {
        evidence: false,
        ..seeded("a cached name believed", Seed::CacheBelieved, start)
    };
    caught(setting(free()), TWO_OWNERS);
    caught(setting(free()), ROBBED);
}

#[test]
fn a_claim_that_is_the_locks_by_its_number_alone_is_caught() {
    let elsewhere = free().claim_with(Author::Unproven(1), Content::Pid(DEAD + 1), &[0]);
    let setting = Setting {
        evidence: false,
        ..seeded(
            "a number believed",
            Seed::NumberBelieved,
            elsewhere.claim(DEAD, &[]),
        )
    };
    caught(setting, REMOVED);
}

#[test]
fn a_count_of_names_that_a_cache_has_is_caught() {
    let setting = Setting {
        evidence: false,
        cached: Cached::Believable,
        ..seeded("a cached count believed", Seed::CountBelieved, free())
    };
    caught(setting, TWO_OWNERS);
}

#[test]
fn an_empty_claim_that_is_swept_at_once_is_caught() {
    let setting = Setting {
        apart: true,
        sorts: vec![Sort::Ours, Sort::Sweeper],
        ..seeded("empty swept at once", Seed::EmptySweptAtOnce, free())
    };
    caught(setting, REMOVED);
}

#[test]
fn more_than_a_pid_that_is_taken_for_no_owner_is_caught() {
    let start = free().file(0, Content::More(STRANGER), Modified::Old);
    let setting = seeded("numbers ignored", Seed::NumbersIgnored, start);
    caught(setting, REMOVED);
}

// files made in place, on a file system with evidence

/// Returns a setting with a fault in lockhost, to which a policy denies links.
fn denied(what: &str, seed: Seed, sorts: &[Sort], start: Start) -> Setting {
    Setting {
        sorts: sorts.to_vec(),
        ..seeded(what, seed, start)
    }
}

#[test]
fn a_file_made_in_place_that_is_not_locked_is_caught() {
    for other in [DENIED_ELSEWHERE, ELSEWHERE] {
        let setting = denied(
            "in place, not locked",
            Seed::InPlaceUnguarded,
            &[DENIED, other],
            free(),
        );
        caught(setting, TWO_OWNERS);
    }
}

#[test]
fn a_probe_of_a_file_made_in_place_that_is_ignored_is_caught() {
    for other in [DENIED_ELSEWHERE, ELSEWHERE] {
        let setting = denied(
            "in place, probe ignored",
            Seed::ProbedIgnored,
            &[DENIED, other],
            free(),
        );
        caught(setting, TWO_OWNERS);
    }
}

#[test]
fn a_file_locked_after_the_reclaim_lock_is_dropped_is_caught() {
    let setting = denied(
        "in place, locked late",
        Seed::GuardedLate,
        &[DENIED, ELSEWHERE],
        Start::stale(),
    );
    caught(setting, TWO_OWNERS);
}

#[test]
fn a_file_made_in_place_that_is_not_verified_is_caught() {
    for other in [DENIED_ELSEWHERE, Sort::Ours] {
        let setting = denied(
            "in place, not verified",
            Seed::InPlaceNotVerified,
            &[DENIED, other],
            free(),
        );
        caught(setting, TWO_OWNERS);
    }
}

#[test]
fn a_reclaim_not_waited_for_beside_a_file_in_place_is_caught() {
    for other in [DENIED_ELSEWHERE, Sort::Ours] {
        let setting = denied(
            "in place, reclaim not awaited",
            Seed::ReclaimNotAwaited,
            &[DENIED, other],
            free(),
        );
        caught(setting, TWO_OWNERS);
    }
}

#[test]
fn a_probe_that_is_kept_while_a_file_settles_is_caught() {
    let setting = denied("probe kept", Seed::ProbeKept, &[DENIED, Sort::Ours], free());
    caught(setting, Promise::AWaiterKeepsNoFileLocked);
}
