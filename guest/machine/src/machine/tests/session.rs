//! Owners with sessions: a wait while one is watched, no lock in place, and the claims of others.

use super::{
    attempt::{Attempt, NO_PROCESS, OTHER, OWN, at, identity, maker, with_links},
    scenes::{EXISTS, GONE, failed, finds_none_left_above, linked, scratch, tidying},
};
use crate::{
    call::{Call, Listed, Maker, Next, Owner, Reply},
    facts::{AliveReason, DeadReason, ErrorCode, Liveness, UnknownReason},
    machine::{
        outcome::{Awaited, Cause, Operation, ReplacedReason},
        rivals::{MOST, Outcome, Rivals},
    },
    names::{DEEPEST, Identity, Name},
};

const WATCHED: Liveness = Liveness::Unknown(UnknownReason::Watched);

const SESSION_GONE: Liveness = Liveness::Dead(DeadReason::SessionGone);

fn owner() -> Identity {
    Identity::new("2-p9-x1").unwrap()
}

/// Returns this process, with a session.
fn with_session(evidence: bool) -> Maker {
    Maker {
        session: true,
        ..maker(evidence)
    }
}

/// Returns an attempt that has seen a lock whose owner's session is watched.
fn watching() -> Attempt {
    Attempt::begin().sees_claim(0, OTHER, owner(), WATCHED)
}

#[test]
fn a_watched_owner_is_waited_for_before_anything_is_made() {
    watching()
        .awaits(Awaited::Session)
        .waits_for(0)
        .waits_until(1_000)
        .sees_claim(0, OTHER, owner(), WATCHED)
        .waits_until(2_000)
        .sees_claim(0, OTHER, owner(), SESSION_GONE)
        .goes_on_with(Call::Current { attempt: 0 });
}

#[test]
fn an_owner_that_is_watched_for_hours_is_refused() {
    let error = watching()
        .waits_until(7_200_000)
        .sees_claim(0, OTHER, owner(), WATCHED)
        .ends();
    assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
    assert_eq!(error.holder.liveness, WATCHED);
}

#[test]
fn a_watched_owner_that_is_named_dead_is_replaced() {
    Attempt::assuming(Some(owner().as_str()))
        .sees_claim(0, OTHER, owner(), WATCHED)
        .goes_on_with(Call::Current { attempt: 0 });
}

#[test]
fn a_claim_with_a_session_goes_when_its_owner_is_named_dead() {
    for (owner, goes) in [(owner(), true), (identity(false), false)] {
        let unknown = Liveness::Unknown(UnknownReason::NoCoordinator);
        let attempt = Attempt::assuming(Some(owner.as_str()))
            .sees_claim(0, OTHER, owner, unknown)
            .claims(0, maker(true))
            .does_not_link(at(0), ErrorCode::Exist, Ok(OTHER))
            .sees_claim(0, OTHER, owner, unknown)
            .links(at(1))
            .sees_claim(0, OTHER, owner, unknown)
            .removes(at(0), OTHER)
            .told(Call::Link { name: at(0) }, Reply::Done)
            .removes(at(1), OWN)
            .finds_nothing(1)
            .compares(at(0), Ok(OWN));
        let mut attempt = attempt.told(Call::List, Reply::Listed(Listed::default()));
        if goes {
            attempt = attempt.removes(Name::Claim(owner), OTHER);
        }
        attempt.owns();
    }
}

#[test]
fn an_owner_whose_session_is_there_is_not_assumed_dead() {
    let alive = Liveness::Alive(AliveReason::Session);
    let error = Attempt::assuming(Some(owner().as_str()))
        .sees_claim(0, OTHER, owner(), alive)
        .ends();
    assert_eq!(error.holder.liveness, alive);
}

#[test]
fn an_attempt_with_a_claim_drops_reclaim_locks_while_it_waits() {
    let attempt = Attempt::claimed(with_session(true))
        .does_not_link(at(0), ErrorCode::Exist, Ok(OTHER))
        .sees_claim(0, OTHER, owner(), SESSION_GONE)
        .links(at(1));
    // The owner is dead for certain, so its file is only compared.
    let attempt = attempt.compares(at(0), Err(ErrorCode::NoEntry));
    attempt
        .sees_claim(0, OTHER, owner(), WATCHED)
        .removes(at(1), OWN)
        .awaits(Awaited::Session)
        .waits_until(1_000)
        .goes_on_with(Call::Link { name: at(0) });
}

#[test]
fn an_owner_does_not_wait_for_a_reclaim_lock_that_is_watched() {
    tidying().sees_claim(1, OTHER, owner(), WATCHED).owns();
}

#[test]
fn an_owner_with_a_session_makes_no_lock_in_place() {
    let me = with_session(false);
    let name = Name::Claim(scratch());
    let other = Maker {
        identity: scratch(),
        ..me
    };
    let error = Attempt::claimed(me)
        .told(Call::Current { attempt: 8_192 }, Reply::Maker(other))
        .does_not_link(name, ErrorCode::NotPermitted, GONE)
        .told(Call::Unlink { name }, Reply::Failed(ErrorCode::NoEntry))
        .unclaims(me)
        .ends();
    assert_eq!(error.cause, failed(Operation::Link, ErrorCode::Unsupported));
    assert_eq!(error.file, "a.lock");
}

/// Returns an attempt that has listed the directory twice for the claim of a lock with two names, and found none. The open file
/// shows this many names.
fn unclaimed(attempt: Attempt, shown: u64) -> Attempt {
    let nothing = || Reply::Listed(Listed::default());
    attempt
        .told(Call::Stat { name: at(0) }, with_links(2))
        .told(Call::Open { name: at(0) }, Reply::Id(OTHER))
        .told(Call::Read, Reply::Bytes(b"9\n".to_vec()))
        .told(Call::StatOpen, with_links(shown))
        .told(Call::Identify { pid: 9 }, Reply::Identity(None))
        .told(Call::List, nothing())
        .told(Call::List, nothing())
}

#[test]
fn a_pid_is_not_believed_beside_a_further_link() {
    // A client of SMB shows one name for each file that it opens.
    for shown in [2, 1] {
        let error = unclaimed(Attempt::begin(), shown)
            .told(Call::Current { attempt: 0 }, Reply::Maker(maker(false)))
            .ends();
        assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
        let unknown = Liveness::Unknown(UnknownReason::Unreadable);
        assert_eq!(error.holder.liveness, unknown);
        assert!(error.holder.identity().is_some(), "a person may decide");
    }
}

#[test]
fn a_pid_beside_a_further_link_counts_where_there_is_evidence() {
    let owner = Owner::Pid(9);
    for liveness in [EXISTS, NO_PROCESS] {
        let attempt = unclaimed(Attempt::begin(), 2)
            .told(Call::Current { attempt: 0 }, Reply::Maker(maker(true)))
            .told(Call::Ask { owner }, Reply::Liveness(liveness));
        assert_eq!(attempt.call().is_some(), liveness == NO_PROCESS);
    }
}

#[test]
fn what_was_replaced_is_named() {
    let name = at(0);
    let attempt = Attempt::claimed(with_session(true))
        .does_not_link(name, ErrorCode::Exist, Ok(OTHER))
        .sees_claim(0, OTHER, owner(), SESSION_GONE)
        .links(at(1))
        .removes(name, OTHER)
        .told(Call::Link { name }, Reply::Done);
    let replaced = attempt.replaced();
    assert_eq!(replaced[0].claim, Some(owner()));
    let reason = ReplacedReason::Dead(DeadReason::SessionGone);
    assert_eq!(replaced[0].reason, reason);
}

/// Returns an owner that looks for the claims of others, and has swept: it lists the directory next.
fn listing() -> (Rivals, Next<Outcome>) {
    let attempt = linked(with_session(true))
        .finds_nothing(1)
        .compares(at(0), Ok(OWN));
    let (mut rivals, next) = attempt.rivals().expect("it has the lock");
    assert_eq!(next, Next::Call(Call::List));
    // Nothing to sweep.
    let next = rivals.reply(Reply::Listed(Listed::default()));
    (rivals, next)
}

fn listed(claims: &[Identity], missed: Option<ErrorCode>) -> Reply {
    Reply::Listed(Listed {
        claims: claims.to_vec(),
        reclaims: false,
        missed,
        more: false,
    })
}

#[test]
fn all_other_claims_are_rivals() {
    let (mut rivals, next) = listing();
    assert_eq!(next, Next::Call(Call::List));
    let claims = [identity(false), owner()];
    let end = rivals.reply(listed(&claims, None));
    assert_eq!(end, Next::End(Ok(vec![owner()])));
}

#[test]
fn rivals_are_found_in_each_part_of_the_listing() {
    let (mut rivals, _) = listing();
    let part = Reply::Listed(Listed {
        claims: vec![identity(false)],
        reclaims: false,
        missed: None,
        more: true,
    });
    assert_eq!(rivals.reply(part), Next::Call(Call::ListOn));
    let end = rivals.reply(listed(&[owner()], None));
    assert_eq!(end, Next::End(Ok(vec![owner()])));
}

#[test]
fn too_many_rivals_are_an_error() {
    let claim = |number| Identity::new(&format!("1-x{number}")).expect("an identity");
    for (count, is_listed) in [(MOST, true), (MOST + 1, false)] {
        let (mut rivals, _) = listing();
        let claims: Vec<_> = (0..count).map(claim).collect();
        let end = rivals.reply(listed(&claims, None));
        assert_eq!(matches!(end, Next::End(Ok(_))), is_listed);
    }
}

#[test]
fn a_listing_with_a_gap_shows_no_rivals() {
    let (mut rivals, _) = listing();
    let end = rivals.reply(listed(&[], Some(ErrorCode::Access)));
    assert!(matches!(end, Next::End(Err(_))), "{end:?}");
    let (mut rivals, _) = listing();
    let end = rivals.reply(Reply::Failed(ErrorCode::Access));
    assert!(matches!(end, Next::End(Err(_))), "{end:?}");
}

#[test]
fn the_claim_of_a_dead_session_is_swept_first() {
    let attempt = linked(with_session(true))
        .finds_nothing(1)
        .compares(at(0), Ok(OWN));
    let (mut rivals, _) = attempt.rivals().expect("it has the lock");
    let name = Name::Claim(owner());
    let maker = Owner::Maker(owner());
    let mut next = rivals.reply(listed(&[owner()], None));
    let mut asks = |call: Call, reply: Reply| {
        assert_eq!(next, Next::Call(call));
        next = rivals.reply(reply);
    };
    asks(Call::Stat { name }, with_links(1));
    asks(Call::Open { name }, Reply::Id(OTHER));
    asks(Call::StatOpen, with_links(1));
    asks(Call::Ask { owner: maker }, Reply::Liveness(SESSION_GONE));
    for level in 0..=DEEPEST {
        asks(Call::Id { name: at(level) }, Reply::Id(OWN));
    }
    asks(Call::Id { name }, Reply::Id(OTHER));
    asks(Call::Unlink { name }, Reply::Done);
    asks(Call::List, listed(&[identity(false)], None));
    assert_eq!(next, Next::End(Ok(vec![])));
}

#[test]
fn only_an_owner_looks_for_rivals() {
    assert!(Attempt::begin().rivals().is_none());
    let owner = linked(maker(true))
        .finds_nothing(1)
        .compares(at(0), Ok(OWN));
    finds_none_left_above(DEEPEST, owner).owns();
}
