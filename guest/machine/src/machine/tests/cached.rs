//! Shares, whose clients may answer from a cache: a file is opened there before it counts as ours, or as a dead owner's.

use super::{
    attempt::{Attempt, NO_PROCESS, OTHER, OWN, at, maker, with_links},
    scenes::{GONE, scratch, scratching},
};
use crate::{
    call::{Call, FileId, Known, Reply},
    facts::ErrorCode,
    machine::outcome::{Cause, Occupation},
    names::Name,
};

/// Returns an attempt without evidence that has seen that links work.
fn probed() -> Attempt {
    let name = Name::Claim(scratch());
    scratching()
        .links(name)
        .told(Call::StatClaim, with_links(2))
        .told(Call::Unlink { name }, Reply::Done)
}

/// Opens a name that seems to be this file's, with this reply.
fn replies(attempt: Attempt, level: u8, file: FileId, known: Known, reply: Reply) -> Attempt {
    let name = at(level);
    attempt.told(Call::Same { name, file, known }, reply)
}

/// Opens a name that seems to be our claim's, which then has this many names, and finds this file.
fn ours(attempt: Attempt, level: u8, names: u8, there: Result<FileId, ErrorCode>) -> Attempt {
    let reply = there.map_or_else(Reply::Failed, Reply::Id);
    replies(attempt, level, OWN, Known::Ours { names }, reply)
}

/// Opens a name that seems to be the dead lock's, and finds this file.
fn dead(attempt: Attempt, there: FileId) -> Attempt {
    replies(attempt, 0, OTHER, Known::Open, Reply::Id(there))
}

/// Returns an attempt without evidence that has the reclaim lock, and has judged the lock of a dead owner under it.
fn judged_under() -> Attempt {
    let name = at(0);
    let attempt = probed().told(Call::Link { name }, Reply::Failed(ErrorCode::Exist));
    let attempt = ours(attempt, 0, 2, Ok(OTHER));
    let name = at(1);
    let attempt = attempt
        .sees_claim(0, OTHER, scratch(), NO_PROCESS)
        .told(Call::Link { name }, Reply::Done);
    // What was found before the reclaim lock was held is not believed.
    ours(attempt, 1, 2, Ok(OWN)).sees_claim(0, OTHER, scratch(), NO_PROCESS)
}

#[test]
fn a_name_that_only_a_cache_has_is_not_ours() {
    let name = at(0);
    let attempt = probed().told(Call::Link { name }, Reply::Failed(ErrorCode::Exist));
    ours(attempt, 0, 2, GONE).told(Call::Link { name }, Reply::Done);
}

#[test]
fn a_dead_lock_that_only_a_cache_has_is_not_removed() {
    dead(judged_under(), FileId(9, 0)).finds_nothing(0);
}

/// On 9P, a name may keep the number of a removed file while it is open, and our claim may have got that number.
#[test]
fn a_lock_that_has_our_number_alone_is_not_ours() {
    let name = at(0);
    let attempt = probed().told(Call::Link { name }, Reply::Failed(ErrorCode::Exist));
    let known = Known::Ours { names: 2 };
    replies(attempt, 0, OWN, known, Reply::Differs).finds_nothing(0);
}

#[test]
fn a_claim_that_has_the_locks_number_alone_frees_nothing() {
    let name = at(0);
    let attempt = probed().told(Call::Link { name }, Reply::Failed(ErrorCode::Exist));
    let same = Call::Same {
        name: Name::Claim(scratch()),
        file: OTHER,
        known: Known::Open,
    };
    let refused = ours(attempt, 0, 2, Ok(OTHER))
        .told(Call::Stat { name }, with_links(2))
        .told(Call::Open { name }, Reply::Id(OTHER))
        .told(Call::Read, Reply::Bytes(b"9\n".to_vec()))
        .told(Call::StatOpen, with_links(2))
        .told(Call::Identify { pid: 9 }, Reply::Identity(Some(scratch())))
        .told(same, Reply::Differs)
        .unclaims(maker(false))
        .ends();
    assert_eq!(refused.cause, Cause::Held(Occupation::Owning));
    assert_eq!(refused.holder.claim, None);
}

#[test]
fn every_name_that_is_removed_or_owned_was_opened() {
    let name = at(0);
    let attempt = dead(judged_under(), OTHER)
        .told(Call::Unlink { name }, Reply::Done)
        .told(Call::Link { name }, Reply::Done);
    let name = at(1);
    let attempt = ours(attempt, 1, 3, Ok(OWN))
        .told(Call::Unlink { name }, Reply::Done)
        .finds_nothing(1);
    ours(attempt, 0, 2, Ok(OWN)).told(Call::List, Reply::Failed(ErrorCode::Io));
}
