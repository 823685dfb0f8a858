//! The points that an attempt has reached when a test begins.

use super::attempt::{Attempt, NO_PROCESS, OTHER, OWN, at, identity, maker, regular};
use crate::{
    call::{Call, FileId, Listed, Maker, Ours, Reply},
    facts::{AliveReason, ErrorCode, Liveness},
    machine::outcome::{Cause, Failure, Operation, Warning},
    names::{DEEPEST, Identity, Name},
};

pub(super) const EXISTS: Liveness = Liveness::Alive(AliveReason::Exists);

pub(super) const GONE: Result<FileId, ErrorCode> = Err(ErrorCode::NoEntry);

/// The number of the last attempt that can have a claim beside those of all others.
pub(super) const LAST: u32 = 4_096;

/// What is added to an attempt's number for the identity of its scratch link.
pub(super) const SCRATCH: u32 = 8_192;

pub(super) fn failed(operation: Operation, code: ErrorCode) -> Cause {
    Cause::Failed(operation, code)
}

pub(super) fn scratch() -> Identity {
    Identity::new("1-p7-scratch").unwrap()
}

/// Returns an attempt that has learned that links do not work.
pub(super) fn unlinkable() -> Attempt {
    let name = Name::Claim(scratch());
    let gone = Reply::Failed(ErrorCode::NoEntry);
    scratching()
        .does_not_link(name, ErrorCode::NotPermitted, GONE)
        .told(Call::Unlink { name }, gone)
        .told(Call::StatClaim, regular(2, 1_000))
        .unclaims(maker(false))
}

/// Returns an attempt that has made the lock file in place.
pub(super) fn made_in_place() -> Attempt {
    let file = Ours::At(0);
    unlinkable()
        .told(Call::Make { level: 0 }, Reply::Id(OWN))
        .told(Call::Guard { file }, Reply::Done)
}

/// Returns the same, written.
pub(super) fn written_in_place() -> Attempt {
    let file = Ours::At(0);
    made_in_place().told(Call::Write { file, pid: 7 }, Reply::Done)
}

/// Returns an attempt that has linked its claim on a free directory.
pub(super) fn linked(maker: Maker) -> Attempt {
    Attempt::claimed(maker).told(Call::Link { name: at(0) }, Reply::Done)
}

/// Returns an attempt that has seen a dead owner's lock, and asks for its reclaim lock.
pub(super) fn judging() -> Attempt {
    Attempt::begin()
        .sees(0, OTHER, "9\n", 0, NO_PROCESS)
        .claims(0, maker(true))
        .does_not_link(at(0), ErrorCode::Exist, Ok(OTHER))
        .sees(0, OTHER, "9\n", 0, NO_PROCESS)
}

/// Returns an attempt that has the reclaim lock.
pub(super) fn reclaiming() -> Attempt {
    judging().links(at(1))
}

/// Returns an attempt that has judged the lock again under it.
pub(super) fn judged() -> Attempt {
    reclaiming().sees(0, OTHER, "9\n", 0, NO_PROCESS)
}

/// Returns an attempt that asks for a scratch link.
pub(super) fn scratching() -> Attempt {
    let me = maker(false);
    let identity = scratch();
    Attempt::claimed(me).told(
        Call::Current { attempt: SCRATCH },
        Reply::Maker(Maker { identity, ..me }),
    )
}

/// Lets an owner search for leftover reclaim locks, from the deepest on, and find none down to this level.
pub(super) fn finds_none_left_above(level: u8, owner: Attempt) -> Attempt {
    let levels = (level + 1..=DEEPEST).rev();
    levels.fold(owner, |owner, level| owner.compares(at(level), GONE))
}

/// Returns an owner that sweeps, and has reached a leftover reclaim lock, whose name it found taken.
pub(super) fn tidying() -> Attempt {
    leftover().does_not_link(at(1), ErrorCode::Exist, Ok(OTHER))
}

/// Returns an owner that sweeps, and has found a leftover reclaim lock.
pub(super) fn leftover() -> Attempt {
    finds_none_left_above(1, lists_reclaims(sweeping())).compares(at(1), Ok(OTHER))
}

/// Returns an owner that sweeps.
pub(super) fn sweeping() -> Attempt {
    let me = Maker {
        identity: identity(true),
        ..maker(true)
    };
    linked(me).finds_nothing(1).compares(at(0), Ok(OWN))
}

/// The warning of an owner that may not list the directory.
pub(super) const UNLISTED: Warning = Warning::Untidy(Failure {
    operation: Operation::List,
    name: None,
    code: ErrorCode::Access,
});

/// Lets an owner list a directory in which a reclaim lock is.
pub(super) fn lists_reclaims(owner: Attempt) -> Attempt {
    let listed = Listed {
        reclaims: true,
        ..Listed::default()
    };
    owner.told(Call::List, Reply::Listed(listed))
}

/// Returns an attempt whose link was denied at a level, which then showed this, and that asks for a scratch link.
pub(super) fn denied(attempt: Attempt, level: u8, there: Result<FileId, ErrorCode>) -> Attempt {
    let maker = Maker {
        identity: scratch(),
        ..maker(true)
    };
    attempt
        .does_not_link(at(level), ErrorCode::NotPermitted, there)
        .told(Call::Current { attempt: SCRATCH }, Reply::Maker(maker))
}

/// Returns the same, once a scratch link was denied too, and the claim is given up.
pub(super) fn denied_altogether(attempt: Attempt, level: u8) -> Attempt {
    let name = Name::Claim(scratch());
    denied(attempt, level, GONE)
        .does_not_link(name, ErrorCode::NotPermitted, GONE)
        .told(Call::Unlink { name }, Reply::Failed(ErrorCode::NoEntry))
        .told(Call::StatClaim, regular(2, 1_000))
        .unclaims(maker(true))
}

/// Goes on where links do not work: makes the reclaim lock in place, removes a dead lock under it, and makes its own.
pub(super) fn made_in_place_of_a_dead_lock(attempt: Attempt) -> Attempt {
    let (file, reclaim) = (Ours::At(1), FileId(3, 0));
    attempt
        .told(Call::Make { level: 0 }, Reply::Failed(ErrorCode::Exist))
        .sees(0, OTHER, "9\n", 0, NO_PROCESS)
        .told(Call::Make { level: 1 }, Reply::Id(reclaim))
        .told(Call::Guard { file }, Reply::Done)
        .told(Call::Write { file, pid: 7 }, Reply::Done)
        .finds_nothing(2)
        .compares(at(1), Ok(reclaim))
        .sees(0, OTHER, "9\n", 0, NO_PROCESS)
        .removes(at(0), OTHER)
        .told(Call::Make { level: 0 }, Reply::Id(OWN))
}
