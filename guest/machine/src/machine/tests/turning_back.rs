//! The points at which an attempt begins again: no step too many, and none too few.

use super::{
    attempt::{Attempt, NO_PROCESS, OTHER, OWN, at, maker, regular, with_links},
    scenes::{
        GONE, LAST, SCRATCH, failed, judged, judging, linked, made_in_place_of_a_dead_lock,
        reclaiming, scratch, scratching, unlinkable,
    },
};
use crate::{
    call::{Call, FileId, Maker, Ours, Reply},
    facts::ErrorCode,
    machine::outcome::{Cause, Operation},
    names::{DEEPEST, Identity, Name},
};

#[test]
fn an_owner_with_a_claim_that_is_dead_is_not_judged_twice() {
    let claim = Identity::new("1-x1").unwrap();
    Attempt::begin()
        .sees_claim(0, OTHER, claim, NO_PROCESS)
        .claims(0, maker(true))
        .does_not_link(at(0), ErrorCode::Exist, Ok(OTHER))
        .links(at(1))
        .removes(at(0), OTHER);
}

#[test]
fn a_name_that_is_free_again_is_linked_a_hundred_times() {
    let me = maker(true);
    let mut attempt = Attempt::claimed(me);
    for _ in 0..=100 {
        attempt = attempt.does_not_link(at(0), ErrorCode::Exist, GONE);
    }
    assert_eq!(attempt.unclaims(me).ends().cause, Cause::Contended);
}

#[test]
fn a_name_free_again_under_the_reclaim_is_linked_without_it() {
    judged()
        .removes(at(0), OTHER)
        .does_not_link(at(0), ErrorCode::Exist, GONE)
        .removes(at(1), OWN)
        .told(Call::Link { name: at(0) }, Reply::Done);
}

#[test]
fn a_file_that_goes_during_a_look_leaves_its_name_to_the_looker() {
    Attempt::claimed(maker(true))
        .does_not_link(at(0), ErrorCode::Exist, Ok(OTHER))
        .finds_nothing(0)
        .told(Call::Link { name: at(0) }, Reply::Done)
        .finds_nothing(1);
    reclaiming()
        .finds_nothing(0)
        .told(Call::Link { name: at(0) }, Reply::Done)
        .removes(at(1), OWN);
}

#[test]
fn a_reclaim_lock_that_is_another_ones_by_now_is_let_be() {
    let linked = || {
        judged()
            .removes(at(0), OTHER)
            .told(Call::Link { name: at(0) }, Reply::Done)
    };
    for there in [Ok(FileId(3, 0)), GONE] {
        linked().compares(at(1), there).finds_nothing(1);
    }
    let error = linked()
        .compares(at(1), Err(ErrorCode::Access))
        .removes(at(0), OWN)
        .removes(at(1), OWN)
        .unclaims(maker(true))
        .ends();
    assert_eq!(error.file, "a.lock.reclaim");
    assert_eq!(error.cause, failed(Operation::Stat, ErrorCode::Access));
}

#[test]
fn a_lock_gone_before_it_is_certain_is_linked_again() {
    let me = maker(true);
    linked(me)
        .finds_nothing(1)
        .compares(at(0), GONE)
        .told(Call::Link { name: at(0) }, Reply::Done);
    let error = linked(me)
        .finds_nothing(1)
        .compares(at(0), Err(ErrorCode::Access))
        .removes(at(0), OWN)
        .unclaims(me)
        .ends();
    assert_eq!(error.file, "a.lock");
    assert_eq!(error.cause, failed(Operation::Stat, ErrorCode::Access));
}

#[test]
fn a_reclaim_lock_made_in_place_is_taken_once_it_is_certain() {
    made_in_place_of_a_dead_lock(unlinkable());
}

#[test]
fn eight_levels_are_followed_and_no_more() {
    let me = maker(true);
    let levels = 0..=DEEPEST;
    let error = levels
        .fold(Attempt::claimed(me), |attempt, level| {
            attempt
                .does_not_link(at(level), ErrorCode::Exist, Ok(OTHER))
                .sees(level, OTHER, "9\n", 0, NO_PROCESS)
        })
        .unclaims(me)
        .ends();
    assert_eq!(error.cause, Cause::TooDeep);
}

#[test]
fn another_file_than_the_one_judged_is_judged_a_hundred_times() {
    let mut attempt = judged();
    for file in 1..=100 {
        let file = FileId(file, 1);
        attempt = attempt
            .compares(at(0), Ok(file))
            .sees(0, file, "9\n", 0, NO_PROCESS);
    }
    let error = attempt
        .compares(at(0), Ok(OTHER))
        .removes(at(1), OWN)
        .unclaims(maker(true))
        .ends();
    assert_eq!(error.cause, Cause::Contended);
}

#[test]
fn a_claim_that_is_probed_or_gone_gets_another_name() {
    let me = maker(true);
    let (file, claim) = (Ours::Claim, me.identity);
    let again = Call::Current { attempt: 1 };
    Attempt::begin()
        .finds_nothing(0)
        .told(Call::Current { attempt: 0 }, Reply::Maker(me))
        .told(Call::Create { claim }, Reply::Id(OWN))
        .told(Call::Guard { file }, Reply::Probed)
        .unclaims(me)
        .told(again, Reply::Maker(me));
    Attempt::claimed(me)
        .does_not_link(at(0), ErrorCode::NoEntry, GONE)
        .compares(Name::Claim(claim), GONE)
        .told(Call::Forget, Reply::Done)
        .told(again, Reply::Maker(me));
}

#[test]
fn a_claim_that_is_gone_under_the_reclaim_lock_is_a_failure() {
    let error = judged()
        .removes(at(0), OTHER)
        .does_not_link(at(0), ErrorCode::NoEntry, GONE)
        .removes(at(1), OWN)
        .unclaims(maker(true))
        .ends();
    assert_eq!(error.cause, failed(Operation::Link, ErrorCode::NoEntry));
}

#[test]
fn links_work_where_a_scratch_link_is_the_same_file_and_counted() {
    let name = Name::Claim(scratch());
    let unlink = Call::Unlink { name };
    let linked = || scratching().told(Call::Link { name }, Reply::Done);
    let counted = |links| {
        linked()
            .compares(name, Ok(OWN))
            .told(Call::StatClaim, with_links(links))
    };
    let counted_twice = |links| {
        counted(1)
            .told(Call::Stat { name }, with_links(links))
            .told(unlink, Reply::Done)
    };
    for both in [counted(2).told(unlink, Reply::Done), counted_twice(2)] {
        both.told(Call::Link { name: at(0) }, Reply::Done);
    }
    counted_twice(1).told(Call::StatClaim, regular(2, 1_000));
    linked()
        .compares(name, Ok(OTHER))
        .told(unlink, Reply::Done)
        .told(Call::StatClaim, regular(2, 1_000));
}

#[test]
fn an_error_not_about_links_is_a_failure_of_the_scratch_link() {
    let me = maker(false);
    let name = Name::Claim(scratch());
    let gone = Reply::Failed(ErrorCode::NoEntry);
    let error = scratching()
        .does_not_link(name, ErrorCode::Quota, GONE)
        .told(Call::Unlink { name }, gone)
        .unclaims(me)
        .ends();
    assert_eq!(error.file, "a.lock.1-p7-scratch");
    assert_eq!(error.cause, failed(Operation::Link, ErrorCode::Quota));
    let error = scratching()
        .told(Call::Link { name }, Reply::Done)
        .compares(name, Ok(OWN))
        .told(Call::StatClaim, with_links(2))
        .told(Call::Unlink { name }, Reply::Failed(ErrorCode::Access))
        .unclaims(me)
        .ends();
    assert_eq!(error.file, "a.lock.1-p7-scratch");
    assert_eq!(error.cause, failed(Operation::Remove, ErrorCode::Access));
}

#[test]
fn a_scratch_link_that_fails_in_passing_is_tried_once_more() {
    let name = Name::Claim(scratch());
    scratching()
        .does_not_link(name, ErrorCode::Io, GONE)
        .does_not_link(name, ErrorCode::Io, GONE)
        .told(Call::Unlink { name }, Reply::Done)
        .told(Call::StatClaim, regular(2, 1_000));
}

/// Returns an attempt of a process that has all claims that it can have except one, and asks for that one.
fn after_the_last_claim_but_one(me: Maker) -> Attempt {
    let mut attempt = Attempt::begin().finds_nothing(0);
    let claim = me.identity;
    for number in 0..LAST {
        attempt = attempt
            .told(Call::Current { attempt: number }, Reply::Maker(me))
            .told(Call::Create { claim }, Reply::Failed(ErrorCode::Exist));
    }
    attempt.told(Call::Current { attempt: LAST }, Reply::Maker(me))
}

#[test]
fn a_process_has_4097_claims_at_most() {
    let me = maker(true);
    let claim = me.identity;
    let error = after_the_last_claim_but_one(me)
        .told(Call::Create { claim }, Reply::Failed(ErrorCode::Exist))
        .ends();
    assert_eq!(error.file, format!("a.lock.{}", claim.as_str()));
    assert_eq!(error.cause, failed(Operation::Create, ErrorCode::Exist));
}

#[test]
fn a_scratch_link_has_no_name_that_a_claim_of_ours_can_have() {
    let me = maker(false);
    let (file, claim, pid) = (Ours::Claim, me.identity, me.pid);
    after_the_last_claim_but_one(me)
        .told(Call::Create { claim }, Reply::Id(OWN))
        .told(Call::Guard { file }, Reply::Done)
        .told(Call::Write { file, pid }, Reply::Done)
        .told(
            Call::Current {
                attempt: SCRATCH + LAST,
            },
            Reply::Maker(me),
        );
}

#[test]
fn a_reclaim_lock_that_another_claim_got_is_not_taken() {
    let name = at(1);
    judging()
        .told(Call::Link { name }, Reply::Done)
        .compares(name, Ok(OTHER))
        .told(Call::Stat { name }, regular(2, 1_000));
}

#[test]
fn a_reclaim_lock_gone_once_it_is_linked_is_linked_again() {
    let name = at(1);
    judging()
        .told(Call::Link { name }, Reply::Done)
        .compares(name, GONE)
        .links(name);
}
