//! A file that another machine removes while it is open here, which a network file system then keeps no longer.

use super::{
    attempt::{Attempt, OTHER, at, maker, regular},
    scenes::{failed, judging, linked, reclaiming},
};
use crate::{
    call::{Call, Reply},
    facts::ErrorCode,
    machine::outcome::Operation,
};

/// Has an attempt open a file at a level, and lose it: before it is read, or before it is examined once more.
fn each_way(attempt: impl Fn() -> Attempt, level: u8, code: ErrorCode) -> [Attempt; 2] {
    let name = at(level);
    let open = || {
        attempt()
            .told(Call::Stat { name }, regular(2, 0))
            .told(Call::Open { name }, Reply::Id(OTHER))
    };
    let unread = open().told(Call::Read, Reply::Failed(code));
    let read = open()
        .told(Call::Read, Reply::Bytes(b"9\n".to_vec()))
        .told(Call::StatOpen, Reply::Failed(code));
    [unread, read]
}

#[test]
fn at_the_first_look_the_directory_counts_as_free() {
    for attempt in each_way(Attempt::begin, 0, ErrorCode::NoEntry) {
        attempt
            .claims(0, maker(true))
            .told(Call::Link { name: at(0) }, Reply::Done);
    }
}

#[test]
fn behind_a_link_that_failed_the_name_is_linked_again() {
    let beside = || Attempt::claimed(maker(true)).does_not_link(at(0), ErrorCode::Exist, Ok(OTHER));
    for attempt in each_way(beside, 0, ErrorCode::NoEntry) {
        attempt.told(Call::Link { name: at(0) }, Reply::Done);
    }
}

#[test]
fn a_reclaim_lock_that_vanishes_is_linked_again() {
    let beside = || judging().does_not_link(at(1), ErrorCode::Exist, Ok(OTHER));
    for attempt in each_way(beside, 1, ErrorCode::NoEntry) {
        attempt.told(Call::Link { name: at(1) }, Reply::Done);
    }
}

/// Nothing is removed: a link decides, and a newcomer's lock is in its way.
#[test]
fn under_the_reclaim_lock_the_name_is_linked() {
    for attempt in each_way(reclaiming, 0, ErrorCode::NoEntry) {
        attempt.told(Call::Link { name: at(0) }, Reply::Done);
    }
}

#[test]
fn a_reclaim_lock_beside_an_owner_is_not_waited_for() {
    for attempt in each_way(|| linked(maker(true)), 1, ErrorCode::NoEntry) {
        attempt.compares(at(0), Ok(super::attempt::OWN));
    }
}

#[test]
fn any_other_error_is_a_failure() {
    for (attempt, operation) in each_way(Attempt::begin, 0, ErrorCode::Io)
        .into_iter()
        .zip([Operation::Read, Operation::Stat])
    {
        assert_eq!(attempt.ends().cause, failed(operation, ErrorCode::Io));
    }
}
