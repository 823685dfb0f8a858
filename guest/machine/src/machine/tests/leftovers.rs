//! Files that dead owners have left, which attempts sweep them, and what an attempt has to leave itself.

use super::{
    attempt::{Attempt, NO_PROCESS, OTHER, OWN, at, maker, regular},
    scenes::{
        EXISTS, GONE, UNLISTED, failed, finds_none_left_above, leftover, reclaiming, scratch,
        sweeping, tidying, written_in_place,
    },
};
use crate::{
    call::{Call, FileId, Listed, Ours, Reply},
    facts::{DeadReason, ErrorCode, Liveness},
    machine::{
        outcome::{Cause, Failure, Operation, Warning},
        sweeps_unasked,
    },
    names::{DEEPEST, Identity, Name},
};

#[test]
fn a_reclaim_lock_that_is_left_over_is_taken_and_dropped() {
    tidying()
        .sees(1, OTHER, "9\n", 0, NO_PROCESS)
        .links(at(2))
        .sees(1, OTHER, "9\n", 0, NO_PROCESS)
        .removes(at(1), OTHER)
        .links(at(1))
        .removes(at(2), OWN)
        .removes(at(1), OWN)
        .owns();
}

/// Takes a reclaim lock that is left over, and drops it.
fn tidied(owner: Attempt) -> Attempt {
    owner
        .does_not_link(at(1), ErrorCode::Exist, Ok(OTHER))
        .sees_claim(1, OTHER, scratch(), NO_PROCESS)
        .links(at(2))
        .removes(at(1), OTHER)
        .links(at(1))
        .removes(at(2), OWN)
        .removes(at(1), OWN)
}

#[test]
fn sweeps_that_fail_alike_are_warned_of_once() {
    let no = || Reply::Failed(ErrorCode::Access);
    let owner = finds_none_left_above(1, sweeping().told(Call::List, no()));
    let owner = tidied(owner.compares(at(1), Ok(OTHER))).told(Call::List, no());
    let levels = 0..=DEEPEST;
    let report = levels
        .fold(owner, |owner, level| owner.compares(at(level), GONE))
        .removes(Name::Claim(scratch()), OTHER)
        .owns();
    assert_eq!(report.warnings, [UNLISTED]);
}

#[test]
fn the_claim_of_a_reclaim_lock_that_is_left_over_goes_with_it() {
    tidied(leftover())
        .told(Call::List, Reply::Listed(Listed::default()))
        .removes(Name::Claim(scratch()), OTHER)
        .owns();
}

#[test]
fn an_owner_whose_claim_was_swept_makes_no_other_to_tidy() {
    let failed = Failure::of(Operation::Link, at(1), ErrorCode::NoEntry);
    let report = leftover()
        .does_not_link(at(1), ErrorCode::NoEntry, GONE)
        .owns();
    assert_eq!(report.warnings, [Warning::Untidy(failed)]);
}

#[test]
fn an_owner_does_not_wait_for_a_reclaim_lock_to_settle() {
    let no_owner = Liveness::Dead(DeadReason::Nobody);
    let unsettled = |attempt: Attempt| {
        attempt
            .sees(1, OTHER, "", 1_000, no_owner)
            .told(Call::StatClaim, regular(2, 1_000))
            .told(Call::Keep { level: 1 }, Reply::Done)
    };
    unsettled(tidying()).owns();
    // Also where it cannot remove the file that it made meanwhile, of which it warns.
    let unlink = Call::Unlink { name: at(2) };
    let dead = tidying().sees(1, OTHER, "9\n", 0, NO_PROCESS).links(at(2));
    let report = unsettled(dead)
        .compares(at(2), Ok(OWN))
        .told(unlink, Reply::Failed(ErrorCode::Access))
        .owns();
    let failure = Failure::of(Operation::Remove, at(2), ErrorCode::Access);
    assert_eq!(report.warnings, [Warning::Untidy(failure)]);
}

#[test]
fn beside_a_file_made_in_place_no_reclaim_is_waited_for() {
    let file = Ours::At(2);
    let owner = written_in_place()
        .sees(1, OTHER, "9\n", 0, NO_PROCESS)
        .compares(at(0), Ok(OWN));
    // Where no evidence is kept, reclaim locks are looked for though none is listed.
    let owner = owner.told(Call::List, Reply::Listed(Listed::default()));
    finds_none_left_above(1, owner)
        .compares(at(1), Ok(OTHER))
        .told(Call::Make { level: 1 }, Reply::Failed(ErrorCode::Exist))
        .sees(1, OTHER, "9\n", 0, NO_PROCESS)
        .told(Call::Make { level: 2 }, Reply::Id(FileId(3, 0)))
        .told(Call::Guard { file }, Reply::Done)
        .told(Call::Write { file, pid: 7 }, Reply::Done)
        .sees(3, FileId(4, 0), "9\n", 0, EXISTS)
        .told(Call::Disown { level: 2 }, Reply::Done)
        .owns();
}

#[test]
fn an_attempt_that_cannot_drop_its_reclaim_lock_does_not_wait() {
    let no_owner = Liveness::Dead(DeadReason::Nobody);
    let unlink = Call::Unlink { name: at(1) };
    let no = || Reply::Failed(ErrorCode::Access);
    let error = reclaiming()
        .sees(0, OTHER, "", 1_000, no_owner)
        .told(Call::StatClaim, regular(2, 1_000))
        .told(Call::Keep { level: 0 }, Reply::Done)
        .compares(at(1), Ok(OWN))
        .told(unlink, no())
        .compares(at(1), Ok(OWN))
        .told(unlink, no())
        .told(Call::Forget, Reply::Done)
        .ends();
    assert_eq!(error.file, "a.lock.reclaim");
    assert_eq!(error.cause, failed(Operation::Remove, ErrorCode::Access));
}

#[test]
fn a_dead_claim_goes_also_where_another_was_faster() {
    let (dead, faster) = (Name::Claim(scratch()), FileId(3, 0));
    let refused = reclaiming()
        .sees_claim(0, OTHER, scratch(), NO_PROCESS)
        .removes(at(0), OTHER)
        .does_not_link(at(0), ErrorCode::Exist, Ok(faster))
        .removes(at(1), OWN)
        .does_not_link(at(0), ErrorCode::Exist, Ok(faster))
        .sees(0, faster, "9\n", 0, EXISTS)
        .unclaims(maker(true))
        .compares(at(0), Ok(faster));
    let levels = 1..=DEEPEST;
    let error = levels
        .fold(refused, |refused, level| refused.compares(at(level), GONE))
        .removes(dead, OTHER)
        .ends();
    assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
}

#[test]
fn one_owner_in_64_sweeps_without_a_cause_and_each_for_good() {
    let identity = |pid: u32| Identity::new(&format!("1-p{pid}-s1234567")).unwrap();
    let sweepers: Vec<u32> = (0..6_400)
        .filter(|pid| sweeps_unasked(&identity(*pid)))
        .collect();
    assert!((50..150).contains(&sweepers.len()), "{sweepers:?}");
    assert_eq!(sweepers[..4], [93, 264, 281, 348]);
}
