//! The contents of reports: which file it was, what failed first, and which owner was in the way.

use super::{
    attempt::{Attempt, Ended, NO_PROCESS, OTHER, OWN, at, maker, regular, with_links},
    scenes::{
        EXISTS, GONE, SCRATCH, UNLISTED, failed, finds_none_left_above, judged, judging, linked,
        made_in_place, reclaiming, scratch, sweeping, written_in_place,
    },
};
use crate::{
    call::{Call, FileId, Next, Ours, Owner, Reply},
    facts::{AliveReason, ErrorCode, Liveness, UnknownReason},
    machine::{
        Machine,
        outcome::{Cause, Error, Occupation, Operation},
    },
    names::Name,
};

#[test]
fn an_error_names_the_claim_that_was_not_guarded_or_written() {
    let me = maker(true);
    let name = format!("a.lock.{}", me.identity.as_str());
    let (file, claim, pid) = (Ours::Claim, me.identity, me.pid);
    let made = || {
        Attempt::begin()
            .finds_nothing(0)
            .told(Call::Current { attempt: 0 }, Reply::Maker(me))
            .told(Call::Create { claim }, Reply::Id(OWN))
    };
    let no = || Reply::Failed(ErrorCode::Quota);
    let error = made().told(Call::Guard { file }, no()).unclaims(me).ends();
    assert_eq!(error.file, name);
    assert_eq!(error.cause, failed(Operation::Create, ErrorCode::Quota));
    let error = made()
        .told(Call::Guard { file }, Reply::Done)
        .told(Call::Write { file, pid }, no())
        .unclaims(me)
        .ends();
    assert_eq!(error.file, name);
    assert_eq!(error.cause, failed(Operation::Write, ErrorCode::Quota));
}

#[test]
fn an_error_names_the_file_made_in_place_that_was_not_written() {
    let file = Ours::At(0);
    let error = made_in_place()
        .told(
            Call::Write { file, pid: 7 },
            Reply::Failed(ErrorCode::Quota),
        )
        .told(Call::Disown { level: 0 }, Reply::Done)
        .ends();
    assert_eq!(error.file, "a.lock");
    assert_eq!(error.cause, failed(Operation::Write, ErrorCode::Quota));
}

#[test]
fn an_error_names_the_lock_or_directory_that_was_not_seen() {
    let stat = Call::Stat { name: at(0) };
    let no = || Reply::Failed(ErrorCode::Access);
    let error = Attempt::begin().told(stat, no()).ends();
    assert_eq!(error.file, "a.lock");
    assert_eq!(error.cause, failed(Operation::Stat, ErrorCode::Access));
    // With a second name, so there may be a claim.
    let owner = Owner::Pid(9);
    let ask = Call::Ask { owner };
    let error = Attempt::begin()
        .told(stat, regular(2, 0))
        .told(Call::Open { name: at(0) }, Reply::Id(OTHER))
        .told(Call::Read, Reply::Bytes(b"9\n".to_vec()))
        .told(Call::StatOpen, with_links(2))
        .told(Call::Identify { pid: 9 }, Reply::Identity(None))
        .told(Call::List, no())
        .told(ask, Reply::Liveness(NO_PROCESS))
        .ends();
    assert_eq!(error.file, "", "the directory");
    assert_eq!(error.cause, failed(Operation::List, ErrorCode::Access));
}

#[test]
fn an_error_names_the_reclaim_lock_that_could_not_be_removed() {
    let unlink = Call::Unlink { name: at(1) };
    let no = || Reply::Failed(ErrorCode::Access);
    let error = judged()
        .removes(at(0), OTHER)
        .told(Call::Link { name: at(0) }, Reply::Done)
        .compares(at(1), Ok(OWN))
        .told(unlink, no())
        .removes(at(0), OWN)
        .compares(at(1), Ok(OWN))
        .told(unlink, no())
        .told(Call::Forget, Reply::Done)
        .ends();
    assert_eq!(error.file, "a.lock.reclaim");
    assert_eq!(error.cause, failed(Operation::Remove, ErrorCode::Access));
}

#[test]
fn beside_a_file_made_in_place_an_error_names_the_reclaim_lock() {
    let error = written_in_place()
        .told(Call::Stat { name: at(1) }, Reply::Failed(ErrorCode::Access))
        .told(Call::Disown { level: 0 }, Reply::Done)
        .ends();
    assert_eq!(error.file, "a.lock.reclaim");
    assert_eq!(error.cause, failed(Operation::Stat, ErrorCode::Access));
}

#[test]
fn a_link_that_may_have_been_made_is_dropped_like_one_that_was() {
    let me = maker(true);
    let error = Attempt::claimed(me)
        .does_not_link(at(0), ErrorCode::Io, Err(ErrorCode::Access))
        .removes(at(0), OWN)
        .unclaims(me)
        .ends();
    assert_eq!(error.file, "a.lock");
    assert_eq!(error.cause, failed(Operation::Stat, ErrorCode::Access));
}

#[test]
fn a_refusal_that_leaves_a_file_is_a_failure_the_first_stays() {
    let me = maker(true);
    let claim = Name::Claim(me.identity);
    let unlink = Call::Unlink { name: claim };
    let no = || Reply::Failed(ErrorCode::Access);
    let refused = Attempt::claimed(me)
        .does_not_link(at(0), ErrorCode::Exist, Ok(OTHER))
        .sees(0, OTHER, "9\n", 0, EXISTS)
        .compares(claim, Ok(OWN))
        .told(unlink, no())
        .told(Call::Forget, Reply::Done)
        .ends();
    assert_eq!(refused.cause, failed(Operation::Remove, ErrorCode::Access));
    let failing = Attempt::claimed(me)
        .does_not_link(at(0), ErrorCode::Quota, GONE)
        .compares(claim, Ok(OWN))
        .told(unlink, no())
        .told(Call::Forget, Reply::Done)
        .ends();
    assert_eq!(failing.file, "a.lock");
    assert_eq!(failing.cause, failed(Operation::Link, ErrorCode::Quota));
}

#[test]
fn a_name_that_is_none_for_a_lock_asks_for_nothing() {
    let mut machine = Machine::new("../a.lock".to_owned(), None);
    let name = Some(at(0));
    let cause = Cause::BadName;
    assert_eq!(machine.start(0), Next::End(Err(Error { name, cause })));
}

#[test]
fn an_owner_tells_how_it_got_the_lock() {
    let linked = linked(maker(true))
        .finds_nothing(1)
        .compares(at(0), Ok(OWN))
        .owns();
    assert!(linked.claimed);
    assert_eq!(linked.maker, maker(true));
    let in_place = written_in_place()
        .finds_nothing(1)
        .compares(at(0), Ok(OWN))
        .owns();
    assert!(!in_place.claimed && !in_place.maker.evidence);
}

#[test]
fn a_sweep_that_fails_is_warned_of_and_costs_no_lock() {
    let owner = sweeping().told(Call::List, Reply::Failed(ErrorCode::Access));
    let report = finds_none_left_above(0, owner).owns();
    assert_eq!(report.warnings, [UNLISTED]);
}

#[test]
fn a_host_that_will_not_is_quoted() {
    let no = || Reply::Refused("it will not".to_owned());
    let is_quoted = |error: Ended| {
        assert_eq!((error.file.as_str(), error.cause), ("", Cause::Host));
        assert_eq!(error.refused, "it will not");
    };
    let current = Call::Current { attempt: 0 };
    is_quoted(Attempt::begin().finds_nothing(0).told(current, no()).ends());
    let (me, file) = (maker(true), Ours::Claim);
    let claim = me.identity;
    let error = Attempt::begin()
        .finds_nothing(0)
        .told(current, Reply::Maker(me))
        .told(Call::Create { claim }, Reply::Id(OWN))
        .told(Call::Guard { file }, no())
        .unclaims(me)
        .ends();
    is_quoted(error);
    let error = Attempt::claimed(maker(false))
        .told(Call::Current { attempt: SCRATCH }, no())
        .unclaims(maker(false))
        .ends();
    is_quoted(error);
}

#[test]
fn only_the_unknown_owner_that_a_person_means_is_taken_for_dead() {
    let unknown = Liveness::Unknown(UnknownReason::OtherBoot);
    let look = |dead, liveness| Attempt::assuming(dead).sees_claim(0, OTHER, scratch(), liveness);
    let meant = Some("1-p7-scratch");
    let current = Call::Current { attempt: 0 };
    for liveness in [unknown, EXISTS] {
        look(meant, liveness).told(current, Reply::Maker(maker(true)));
    }
    let known = [
        AliveReason::Evidence,
        AliveReason::Running,
        AliveReason::ThisProcess,
    ];
    let known = known.map(|reason| (meant, Liveness::Alive(reason)));
    let others = [(None, unknown), (Some("1-p8-scratch"), unknown)];
    for (dead, liveness) in known.into_iter().chain(others) {
        let error = look(dead, liveness).ends();
        assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
    }
}

#[test]
fn the_claim_of_one_that_a_person_took_for_dead_stays() {
    let unknown = Liveness::Unknown(UnknownReason::OtherBoot);
    let sees = |attempt: Attempt| attempt.sees_claim(0, OTHER, scratch(), unknown);
    let exists = |attempt: Attempt, file| attempt.does_not_link(at(0), ErrorCode::Exist, Ok(file));
    let claimed = sees(Attempt::assuming(Some("1-p7-scratch"))).claims(0, maker(true));
    let under = sees(exists(claimed, OTHER)).links(at(1));
    let faster = FileId(3, 0);
    let refused = exists(sees(under).removes(at(0), OTHER), faster).removes(at(1), OWN);
    let error = exists(refused, faster)
        .sees(0, faster, "9\n", 0, EXISTS)
        .unclaims(maker(true))
        .ends();
    assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
}

/// Returns the holder's occupation in the refusal, once the attempt has given up its claim.
fn occupation(attempt: Attempt) -> Occupation {
    match attempt.unclaims(maker(true)).ends().cause {
        Cause::Held(occupation) => occupation,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn who_is_in_the_way_owns_or_reclaims_or_came_in_between() {
    let exists = |attempt: Attempt, level| {
        attempt
            .does_not_link(at(level), ErrorCode::Exist, Ok(OTHER))
            .sees(level, OTHER, "9\n", 0, EXISTS)
    };
    let owner = exists(Attempt::claimed(maker(true)), 0);
    assert_eq!(occupation(owner), Occupation::Owning);
    let reclaims = exists(judging(), 1);
    assert_eq!(occupation(reclaims), Occupation::Reclaiming);
    let under = reclaiming().sees(0, OTHER, "9\n", 0, EXISTS);
    assert_eq!(
        occupation(under.removes(at(1), OWN)),
        Occupation::Overtaking
    );
    // It was faster with the freed name.
    let faster = judged()
        .removes(at(0), OTHER)
        .does_not_link(at(0), ErrorCode::Exist, Ok(FileId(3, 0)))
        .removes(at(1), OWN);
    assert_eq!(occupation(exists(faster, 0)), Occupation::Overtaking);
}
