//! What it waits for, and how long.

use super::{
    attempt::{Attempt, NO_PROCESS, OTHER, OWN, at, maker, regular},
    scenes::{EXISTS, linked, scratch, written_in_place},
};
use crate::{
    call::{Call, Listed, Reply},
    facts::{AliveReason, DeadReason, ErrorCode, Liveness},
    machine::outcome::{Cause, Warning},
    names::{Identity, Name},
};

#[test]
fn another_programs_reclaim_is_waited_for_two_seconds() {
    let report = linked(maker(true))
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_for(1)
        .waits_until(10)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(2_009)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(2_010)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .compares(at(0), Ok(OWN))
        .owns();
    assert_eq!(report.warnings, [Warning::OtherReclaim(Some(9))]);
}

#[test]
fn an_attempt_waits_no_more_than_thirty_seconds_in_all() {
    linked(maker(true))
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(29_000)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(29_999)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(30_000)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .compares(at(0), Ok(OWN))
        .owns();
}

#[test]
fn a_reclaim_beside_a_file_made_in_place_gets_five_seconds() {
    let error = written_in_place()
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(10)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(5_009)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(5_010)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .told(Call::Disown { level: 0 }, Reply::Done)
        .ends();
    assert_eq!(error.file, "a.lock.reclaim");
    assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
}

#[test]
fn an_old_reclaim_lock_that_names_no_owner_is_not_waited_for() {
    let no_owner = Liveness::Dead(DeadReason::Nobody);
    linked(maker(true))
        .sees(1, OTHER, "", 0, no_owner)
        .told(Call::StatClaim, regular(2, 1_000))
        .compares(at(0), Ok(OWN));
}

#[test]
fn a_nameless_reclaim_lock_settles_beside_a_file_made_in_place() {
    let no_owner = Liveness::Dead(DeadReason::Nobody);
    written_in_place()
        .sees(1, OTHER, "", 1_000, no_owner)
        .told(Call::Keep { level: 1 }, Reply::Done)
        .waits_until(10)
        .sees(1, OTHER, "", 1_000, no_owner)
        .waits_until(3_009)
        .sees(1, OTHER, "", 1_000, no_owner)
        .waits_until(3_010)
        .sees(1, OTHER, "", 1_000, no_owner)
        .compares(at(0), Ok(OWN));
}

#[test]
fn a_file_that_never_settles_is_given_up_after_thirty_seconds() {
    let me = maker(true);
    let no_owner = Liveness::Dead(DeadReason::Nobody);
    let looks = |attempt: Attempt, seconds| {
        attempt
            .does_not_link(at(0), ErrorCode::Exist, Ok(OTHER))
            .sees(0, OTHER, "", seconds, no_owner)
    };
    let attempt = Attempt::begin()
        .sees(0, OTHER, "", 1_000, no_owner)
        .claims(0, me);
    let attempt = looks(attempt, 1_000)
        .told(Call::StatClaim, regular(2, 1_000))
        .told(Call::Keep { level: 0 }, Reply::Done)
        .waits_for(0)
        .waits_until(29_999);
    let attempt = looks(attempt, 1_001)
        .told(Call::Keep { level: 0 }, Reply::Done)
        .waits_until(30_000);
    let error = looks(attempt, 1_002).unclaims(me).ends();
    assert_eq!(error.cause, Cause::Contended);
}

#[test]
fn another_programs_reclaim_is_waited_for_though_unreadable() {
    let no_owner = Liveness::Dead(DeadReason::Nobody);
    let me = maker(true);
    linked(me)
        .told(Call::Stat { name: at(1) }, Reply::Failed(ErrorCode::Access))
        .waits_for(1);
    linked(me)
        .sees(1, OTHER, "", 1_000, no_owner)
        .told(Call::StatClaim, regular(2, 1_000))
        .waits_for(1);
}

#[test]
fn a_reclaim_of_ours_is_not_waited_for_and_swept_if_it_is_dead() {
    let me = maker(true);
    let running = Liveness::Alive(AliveReason::Running);
    linked(me)
        .sees_claim(1, OTHER, scratch(), running)
        .compares(at(0), Ok(OWN))
        .owns();
    linked(me)
        .sees_claim(1, OTHER, scratch(), NO_PROCESS)
        .compares(at(0), Ok(OWN))
        .told(Call::List, Reply::Listed(Listed::default()));
}

#[test]
fn an_owner_whose_claim_stands_has_200_ms_to_put_its_file_back() {
    let owner = Identity::new("1-p9").unwrap();
    let name = Name::Claim(owner);
    let attempt = Attempt::succeeding(&owner)
        .finds_nothing(0)
        .told(Call::Id { name }, Reply::Id(OTHER))
        .waits_for(0)
        .waits_until(199)
        .finds_nothing(0)
        .told(Call::Id { name }, Reply::Id(OTHER));
    attempt
        .waits_until(200)
        .finds_nothing(0)
        .claims(0, maker(true));
}

#[test]
fn an_owner_whose_claim_is_gone_is_not_waited_for() {
    let owner = Identity::new("1-p9").unwrap();
    let name = Name::Claim(owner);
    Attempt::succeeding(&owner)
        .finds_nothing(0)
        .told(Call::Id { name }, Reply::Failed(ErrorCode::NoEntry))
        .claims(0, maker(true));
}
