//! Numbers of files that only a client's cache has, and a count of names.

use crate::{
    checker::exhaust,
    directory::Content,
    properties::Promise,
    setting::{Budget, Cached, DEAD, Setting, Start},
    starts,
    table::Author,
};

/// The number alone would make any file ours, and any claim the lock's. The claim's count is from before it got its
/// second name.
#[test]
fn numbers_that_only_a_cache_has_give_no_lock_away() {
    let dead = Start::default().claim(DEAD, &[]).claim(DEAD + 1, &[2]);
    let elsewhere = Start::default().claim_with(Author::Unproven(1), Content::Pid(DEAD + 1), &[0]);
    let runs = [
        (starts::few(2), 2),
        (vec![dead.clone(), Start::default().claim(DEAD, &[0])], 2),
        (vec![elsewhere.claim(DEAD, &[])], 2),
        (vec![Start::default(), dead], 3),
    ];
    for (starts, processes) in runs {
        for cached in [Cached::Believable, Cached::Everything] {
            exhaust(
                Setting {
                    starts: starts.clone(),
                    evidence: false,
                    cached,
                    budget: Budget::ONE_CRASH,
                    ..Setting::of("numbers from a cache", processes)
                },
                &[
                    Promise::NeverTwoOwners,
                    Promise::ALivingOwnersFileIsNeverRemovedByAnother,
                    Promise::WhatALivingProcessHasMadeIsNeverRemovedByAnother,
                ],
            );
        }
    }
}
