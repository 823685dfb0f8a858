//! Shares, whose clients may answer from a cache: a file is opened there before it counts as ours, or as a dead owner's.

use super::{
    attempt::{Attempt, NO_PROCESS, OTHER, OWN, at, with_links},
    scenes::{GONE, scratch, scratching},
};
use crate::{
    call::{Call, FileId, Reply},
    facts::ErrorCode,
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

/// Opens a name that seems to be this file's, and finds that file or another one.
fn opens(attempt: Attempt, level: u8, file: FileId, there: Result<FileId, ErrorCode>) -> Attempt {
    let name = at(level);
    let reply = there.map_or_else(Reply::Failed, Reply::Id);
    attempt.told(Call::Same { name, file }, reply)
}

/// Returns an attempt without evidence that has the reclaim lock, and has judged the lock of a dead owner under it.
fn judged_under() -> Attempt {
    let name = at(0);
    let attempt = probed().told(Call::Link { name }, Reply::Failed(ErrorCode::Exist));
    let attempt = opens(attempt, 0, OWN, Ok(OTHER));
    let name = at(1);
    let attempt = attempt
        .sees_claim(0, OTHER, scratch(), NO_PROCESS)
        .told(Call::Link { name }, Reply::Done);
    // What was found before the reclaim lock was held is not believed.
    opens(attempt, 1, OWN, Ok(OWN)).sees_claim(0, OTHER, scratch(), NO_PROCESS)
}

#[test]
fn a_name_that_only_a_cache_has_is_not_ours() {
    let name = at(0);
    let attempt = probed().told(Call::Link { name }, Reply::Failed(ErrorCode::Exist));
    opens(attempt, 0, OWN, GONE).told(Call::Link { name }, Reply::Done);
}

#[test]
fn a_dead_lock_that_only_a_cache_has_is_not_removed() {
    opens(judged_under(), 0, OTHER, Ok(FileId(9, 0))).finds_nothing(0);
}

#[test]
fn every_name_that_is_removed_or_owned_was_opened() {
    let name = at(0);
    let attempt = opens(judged_under(), 0, OTHER, Ok(OTHER))
        .told(Call::Unlink { name }, Reply::Done)
        .told(Call::Link { name }, Reply::Done);
    let name = at(1);
    let attempt = opens(attempt, 1, OWN, Ok(OWN))
        .told(Call::Unlink { name }, Reply::Done)
        .finds_nothing(1);
    opens(attempt, 0, OWN, Ok(OWN)).told(Call::List, Reply::Failed(ErrorCode::Io));
}
