//! Links that a policy denies to this process, on a file system where the kernel keeps evidence.

use super::{
    attempt::{Attempt, NO_PROCESS, OTHER, OWN, at, maker, regular, with_links},
    scenes::{
        EXISTS, GONE, SCRATCH, denied, denied_altogether, failed, judged, judging,
        made_in_place_of_a_dead_lock, scratch, scratching,
    },
};
use crate::{
    call::{Call, FileId, Maker, Ours, Reply},
    facts::ErrorCode,
    machine::outcome::{Cause, Operation},
    names::Name,
};

const LOCK: Ours = Ours::At(0);

fn claimed() -> Attempt {
    Attempt::claimed(maker(true))
}

/// Returns an attempt that has made the lock file in place, and locks it next.
fn made() -> Attempt {
    denied_altogether(claimed(), 0).told(Call::Make { level: 0 }, Reply::Id(OWN))
}

#[test]
fn a_lock_is_made_in_place_with_evidence() {
    let file = LOCK;
    let report = made()
        .told(Call::Guard { file }, Reply::Done)
        .told(Call::Write { file, pid: 7 }, Reply::Done)
        .finds_nothing(1)
        .compares(at(0), Ok(OWN))
        .owns();
    assert!(report.maker.evidence && !report.claimed);
    assert!(report.warnings.is_empty());
}

#[test]
fn every_code_of_a_policy_leads_to_a_scratch_link() {
    let name = Name::Claim(scratch());
    let scratch = Maker {
        identity: scratch(),
        ..maker(true)
    };
    for code in [
        ErrorCode::Access,
        ErrorCode::NotPermitted,
        ErrorCode::Unsupported,
        ErrorCode::TooManyLinks,
    ] {
        claimed()
            .does_not_link(at(0), code, GONE)
            .told(Call::Current { attempt: SCRATCH }, Reply::Maker(scratch))
            .does_not_link(name, code, GONE)
            .told(Call::Unlink { name }, Reply::Done)
            .told(Call::StatClaim, regular(2, 1_000));
    }
    claimed()
        .does_not_link(at(0), ErrorCode::Io, GONE)
        .told(Call::Current { attempt: SCRATCH }, Reply::Maker(scratch))
        .does_not_link(name, ErrorCode::Io, GONE)
        .does_not_link(name, ErrorCode::Io, GONE)
        .told(Call::Unlink { name }, Reply::Done)
        .told(Call::StatClaim, regular(2, 1_000));
}

#[test]
fn a_lock_is_not_made_in_place_where_a_scratch_link_is_made() {
    let name = Name::Claim(scratch());
    let linked = || denied(claimed(), 0, GONE).told(Call::Link { name }, Reply::Done);
    for ends in [
        linked().compares(name, Ok(OWN)),
        linked().compares(name, Ok(OTHER)),
        linked().compares(name, GONE),
        // The reply was lost on the way.
        denied(claimed(), 0, GONE).does_not_link(name, ErrorCode::Io, Ok(OWN)),
    ] {
        let error = ends
            .told(Call::Unlink { name }, Reply::Done)
            .unclaims(maker(true))
            .ends();
        assert_eq!(error.file, "a.lock");
        let cause = failed(Operation::Link, ErrorCode::NotPermitted);
        assert_eq!(error.cause, cause);
    }
}

#[test]
fn a_denied_link_at_a_taken_name_leads_to_a_scratch_link() {
    denied(claimed(), 0, Ok(OTHER));
}

#[test]
fn a_denied_reclaim_leads_to_a_lock_made_in_place() {
    let (file, reclaim) = (Ours::At(1), FileId(3, 0));
    denied_altogether(judging(), 1)
        .told(Call::Make { level: 0 }, Reply::Failed(ErrorCode::Exist))
        .sees(0, OTHER, "9\n", 0, NO_PROCESS)
        .told(Call::Make { level: 1 }, Reply::Id(reclaim))
        .told(Call::Guard { file }, Reply::Done);
}

#[test]
fn a_link_that_is_denied_beside_one_that_was_made_is_a_failure() {
    let error = judged()
        .removes(at(0), OTHER)
        .does_not_link(at(0), ErrorCode::NotPermitted, GONE)
        .removes(at(1), OWN)
        .unclaims(maker(true))
        .ends();
    assert_eq!(error.file, "a.lock");
    let cause = failed(Operation::Link, ErrorCode::NotPermitted);
    assert_eq!(error.cause, cause);
}

#[test]
fn a_link_denied_where_a_scratch_link_was_made_is_a_failure() {
    let name = Name::Claim(scratch());
    let error = scratching()
        .told(Call::Link { name }, Reply::Done)
        .compares(name, Ok(OWN))
        .told(Call::StatClaim, with_links(2))
        .told(Call::Unlink { name }, Reply::Done)
        .does_not_link(at(0), ErrorCode::NotPermitted, GONE)
        .unclaims(maker(false))
        .ends();
    assert_eq!(error.file, "a.lock");
    let cause = failed(Operation::Link, ErrorCode::NotPermitted);
    assert_eq!(error.cause, cause);
}

/// Lets a probe interfere this many times.
fn is_probed(attempt: Attempt, times: u8) -> Attempt {
    let file = LOCK;
    (0..times).fold(attempt, |attempt, _| {
        attempt.told(Call::Guard { file }, Reply::Probed)
    })
}

#[test]
fn a_probed_file_made_in_place_is_locked_before_it_is_written() {
    let file = LOCK;
    is_probed(made(), 100)
        .told(Call::Guard { file }, Reply::Done)
        .told(Call::Write { file, pid: 7 }, Reply::Done)
        .finds_nothing(1);
}

#[test]
fn a_file_made_in_place_that_stays_probed_is_disowned() {
    let error = is_probed(made(), 101)
        .told(Call::Disown { level: 0 }, Reply::Done)
        .ends();
    assert_eq!(error.file, "a.lock");
    assert_eq!(error.cause, Cause::Contended);
}

/// Returns an attempt that holds the reclaim lock, has made the lock in place under it, and locks it next.
fn made_under_reclaim() -> Attempt {
    made_in_place_of_a_dead_lock(denied_altogether(claimed(), 0))
}

#[test]
fn a_file_made_in_place_is_locked_before_the_reclaim_is_dropped() {
    let file = LOCK;
    is_probed(made_under_reclaim(), 1)
        .told(Call::Guard { file }, Reply::Done)
        .told(Call::Write { file, pid: 7 }, Reply::Done)
        .removes(at(1), FileId(3, 0))
        .finds_nothing(1)
        .compares(at(0), Ok(OWN));
}

#[test]
fn a_file_that_stays_probed_under_the_reclaim_goes_with_it() {
    let error = is_probed(made_under_reclaim(), 101)
        .removes(at(0), OWN)
        .removes(at(1), FileId(3, 0))
        .ends();
    assert_eq!(error.file, "a.lock");
    assert_eq!(error.cause, Cause::Contended);
}

#[test]
fn a_living_reclaim_is_respected_after_the_file_is_locked() {
    let file = LOCK;
    let error = made()
        .told(Call::Guard { file }, Reply::Done)
        .told(Call::Write { file, pid: 7 }, Reply::Done)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(10)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(5_010)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .told(Call::Disown { level: 0 }, Reply::Done)
        .ends();
    assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
}
