//! Lock files that are removed by accident, at any moment, and put back by their owners.

use crate::{
    checked::caught,
    checker::exhaust,
    interleavings::depth,
    properties::Promise,
    seeds::Seed,
    setting::{Budget, Setting, Sort, Start},
};

const ATOMIC: Sort = Sort::Original { atomic: true };
const NOT_ATOMIC: Sort = Sort::Original { atomic: false };

/// The promises that hold whatever a cleaner removes.
const PROMISES: [Promise; 6] = [
    Promise::NeverTwoOwners,
    Promise::WhatALivingProcessHasMadeIsNeverRemovedByAnother,
    Promise::NothingIsLeftWithoutACrash,
    Promise::NoWedge,
    Promise::TheNextSweepRemovesWhatTheDeadLeft,
    Promise::AWaiterKeepsNoFileLocked,
];

fn cleaned(what: &str, sorts: &[Sort], cleanings: u8) -> Setting {
    Setting {
        sorts: sorts.to_vec(),
        restores: true,
        budget: Budget {
            cleanings,
            ..Budget::NOTHING
        },
        ..Setting::of(what, 0)
    }
}

#[test]
fn an_owner_puts_its_lock_file_back() {
    for evidence in [true, false] {
        exhaust(
            Setting {
                evidence,
                starts: vec![Start::default(), Start::stale()],
                ..cleaned("cleaned once", &[Sort::Ours, Sort::Ours], 1)
            },
            &PROMISES,
        );
    }
}

#[test]
fn a_lock_file_that_is_removed_again_and_again_is_put_back() {
    let sorts = [Sort::Ours, Sort::Ours];
    let starts = vec![Start::default(), Start::stale()];
    exhaust(
        Setting {
            starts,
            budget: Budget {
                cleanings: 2,
                ..Budget::ONE_CRASH
            },
            ..cleaned("cleaned twice, and a crash", &sorts, 2)
        },
        &PROMISES,
    );
    let arrivals = Budget {
        cleanings: 2,
        arrivals: 1,
        ..Budget::NOTHING
    };
    exhaust(
        Setting {
            budget: arrivals,
            ..cleaned("cleaned twice, and one comes later", &sorts, 2)
        },
        &PROMISES,
    );
}

#[test]
fn three_processes_and_a_lock_file_that_is_put_back() {
    if depth() == 0 {
        return;
    }
    exhaust(
        cleaned("three, cleaned once", &[Sort::Ours; 3], 1),
        &PROMISES,
    );
}

#[test]
fn a_claim_that_is_removed_too_is_made_anew() {
    for evidence in [true, false] {
        for cleanings in [0, 1] {
            exhaust(
                Setting {
                    evidence,
                    budget: Budget {
                        cleanings,
                        unclaimings: 1,
                        ..Budget::ONE_CRASH
                    },
                    ..cleaned("claims cleaned", &[Sort::Ours, Sort::Sweeper], 1)
                },
                &PROMISES,
            );
        }
    }
}

#[test]
fn two_attempts_of_one_process_and_a_claim_that_is_removed() {
    // The claim may be removed between its comparison and its link, and the other attempt may use its name again. Then
    // that attempt's file may be left at the lock's name until the process ends.
    let promises = PROMISES
        .into_iter()
        .filter(|it| *it != Promise::NothingIsLeftWithoutACrash);
    exhaust(
        Setting {
            budget: Budget {
                cleanings: 1,
                unclaimings: 1,
                ..Budget::NOTHING
            },
            ..cleaned(
                "claims cleaned in one process",
                &[Sort::Ours, Sort::Thread],
                1,
            )
        },
        &promises.collect::<Vec<_>>(),
    );
}

#[test]
fn owners_apart_put_their_lock_files_back() {
    exhaust(
        Setting {
            apart: true,
            ..cleaned("cleaned in namespaces", &[Sort::Ours, Sort::Sweeper], 2)
        },
        &PROMISES,
    );
}

#[test]
fn an_owner_puts_its_lock_file_back_beside_the_original() {
    for sorts in [
        &[Sort::Ours, ATOMIC][..],
        &[Sort::Ours, NOT_ATOMIC],
        &[Sort::Ours, Sort::Ours, ATOMIC],
    ] {
        let cleanings = if sorts.len() == 2 { 2 } else { 1 };
        exhaust(
            cleaned("the original, cleaned", sorts, cleanings),
            &[Promise::NeverTwoOwners],
        );
    }
}

// faults in lockhost

fn seeded(seed: Seed, sorts: &[Sort], budget: Budget) -> Setting {
    Setting {
        seed: Some(seed),
        budget,
        ..cleaned(&format!("{seed:?}"), sorts, 1)
    }
}

const ONCE: Budget = Budget {
    cleanings: 1,
    ..Budget::NOTHING
};

const OURS: &[Sort] = &[Sort::Ours, Sort::Ours];

#[test]
fn a_lock_file_that_is_put_back_by_renaming_is_caught() {
    let setting = seeded(Seed::RestoredByRename, OURS, ONCE);
    caught(setting, Promise::NeverTwoOwners);
}

#[test]
fn a_lock_file_not_compared_once_it_is_put_back_is_caught() {
    let setting = seeded(Seed::RestoredUncompared, OURS, ONCE);
    caught(setting, Promise::NeverTwoOwners);
}

#[test]
fn a_reclaim_beside_a_file_that_is_put_back_is_waited_out() {
    for seed in [Seed::RestoredUnawaited, Seed::RestoredUnverified] {
        let setting = seeded(seed, &[Sort::Ours, ATOMIC], ONCE);
        caught(setting, Promise::NeverTwoOwners);
    }
}

/// The owner only learns earlier that another process had the lock.
#[test]
fn the_look_at_the_reclaim_lock_before_the_link_excludes_no_one() {
    for sorts in [&[Sort::Ours, ATOMIC][..], OURS] {
        let setting = seeded(Seed::RestoredBesideReclaim, sorts, ONCE);
        exhaust(setting, &[Promise::NeverTwoOwners]);
    }
}

#[test]
fn a_claim_that_is_not_compared_before_it_is_put_back_is_caught() {
    let budget = Budget {
        unclaimings: 1,
        ..ONCE
    };
    let sorts = [Sort::Ours, Sort::Thread];
    let promise = Promise::NothingIsLeftWithoutACrash;
    let setting = Setting {
        unclaims_any_time: false,
        ..seeded(Seed::RestoredFromAnyFile, &sorts, budget)
    };
    caught(setting.clone(), promise);
    let seed = None;
    exhaust(Setting { seed, ..setting }, &[promise]);
}

#[test]
fn a_claim_that_gets_its_name_from_the_locks_is_caught() {
    let budget = Budget {
        unclaimings: 1,
        ..ONCE
    };
    let promise = Promise::NothingIsLeftWithoutACrash;
    let setting = seeded(Seed::ClaimNamedFromTheLock, OURS, budget);
    caught(setting.clone(), promise);
    let seed = None;
    exhaust(Setting { seed, ..setting }, &[promise]);
}

#[test]
fn a_lock_file_that_is_put_back_in_its_release_is_caught() {
    let setting = seeded(Seed::RestoredInRelease, OURS, ONCE);
    caught(setting, Promise::NothingIsLeftWithoutACrash);
}
