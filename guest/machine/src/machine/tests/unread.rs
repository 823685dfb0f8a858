//! Locks of another user, which may not be opened.

use super::{
    attempt::{Attempt, Ended, NO_PROCESS, OTHER, OWN, at, maker, with_links},
    scenes::{GONE, failed, judging, linked, scratch},
};
use crate::{
    call::{Call, FileId, Listed, Next, Reply},
    facts::{AliveReason, ErrorCode, Liveness, UnknownReason},
    inspect::{Inspect, State},
    machine::{
        examine::Found,
        outcome::{Cause, Occupation, Operation},
    },
    names::{Identity, Name},
};

const RUNNING: Liveness = Liveness::Alive(AliveReason::Running);

fn holders() -> Identity {
    Identity::new("1-p9-s1").unwrap()
}

fn listed(claims: &[Identity]) -> Reply {
    Reply::Listed(Listed {
        claims: claims.to_vec(),
        ..Listed::default()
    })
}

impl Attempt {
    /// Tries to open the file at a level, which it may not.
    fn may_not_open(self, level: u8, code: ErrorCode) -> Self {
        let name = at(level);
        self.told(Call::Stat { name }, with_links(2))
            .told(Call::Open { name }, Reply::Failed(code))
            .compares(name, Ok(OTHER))
    }

    /// Finds this claim of that file, and asks about its maker.
    fn finds_unread(self, claim: Identity, liveness: Liveness) -> Self {
        let maker = claim;
        self.told(Call::List, listed(&[claim]))
            .compares(Name::Claim(claim), Ok(OTHER))
            .told(Call::AskUnread { maker }, Reply::Liveness(liveness))
    }
}

/// Returns an attempt that finds another user's lock.
fn denied() -> Attempt {
    Attempt::begin().may_not_open(0, ErrorCode::Access)
}

fn holder(refused: Ended) -> Found {
    assert!(matches!(refused.cause, Cause::Held(_)), "{refused:?}");
    refused.holder
}

#[test]
fn an_unreadable_lock_is_held_by_the_maker_of_its_claim() {
    for code in [
        ErrorCode::Access,
        ErrorCode::NotPermitted,
        ErrorCode::Invalid,
    ] {
        for liveness in [RUNNING, Liveness::Unknown(UnknownReason::OtherBoot)] {
            let attempt = Attempt::begin().may_not_open(0, code);
            let holder = holder(attempt.finds_unread(holders(), liveness).ends());
            assert_eq!(holder.identity().as_deref(), Some(holders().as_str()));
            assert_eq!((holder.pid, holder.claim.is_some()), (None, true));
            assert_eq!(holder.liveness, liveness);
        }
    }
}

/// The client of an SMB share keeps a file open for a while after its owner has ended.
#[test]
fn a_dead_lock_that_a_share_does_not_open_yet_is_refused() {
    let refused = Attempt::begin()
        .may_not_open(0, ErrorCode::Invalid)
        .finds_unread(holders(), NO_PROCESS)
        .compares(at(0), Ok(OTHER))
        .ends();
    let unknown = Liveness::Unknown(UnknownReason::Unreadable);
    assert_eq!(holder(refused).liveness, unknown);
}

#[test]
fn a_dead_lock_that_may_not_be_opened_is_a_failure() {
    let error = denied()
        .finds_unread(holders(), NO_PROCESS)
        .compares(at(0), Ok(OTHER))
        .ends();
    assert_eq!(error.file, "a.lock");
    assert_eq!(error.cause, failed(Operation::Open, ErrorCode::Access));
}

#[test]
fn an_owner_that_released_in_between_leaves_a_free_lock() {
    denied()
        .finds_unread(holders(), NO_PROCESS)
        .compares(at(0), GONE)
        .goes_on_with(Call::Current { attempt: 0 });
    Attempt::begin()
        .told(Call::Stat { name: at(0) }, with_links(2))
        .told(Call::Open { name: at(0) }, Reply::Failed(ErrorCode::Access))
        .compares(at(0), GONE)
        .goes_on_with(Call::Current { attempt: 0 });
}

#[test]
fn a_newcomer_after_a_dead_owner_keeps_the_lock() {
    let attempt = denied()
        .finds_unread(holders(), NO_PROCESS)
        .compares(at(0), Ok(FileId(3, 0)));
    let holder = holder(attempt.ends());
    assert_eq!((holder.pid, holder.identity()), (None, None));
    let unknown = Liveness::Unknown(UnknownReason::Unreadable);
    assert_eq!(holder.liveness, unknown);
}

#[test]
fn a_lock_without_a_claim_that_may_not_be_opened_may_be_alive() {
    for listing in [listed(&[]), Reply::Failed(ErrorCode::Access)] {
        let mut attempt = denied().told(Call::List, listing.clone());
        if attempt.call() == Some(Call::List) {
            attempt = attempt.told(Call::List, listing);
        }
        let holder = holder(attempt.ends());
        assert_eq!((holder.pid, holder.identity()), (None, None));
        let unknown = Liveness::Unknown(UnknownReason::Unreadable);
        assert_eq!((holder.liveness, holder.claim.is_some()), (unknown, false));
    }
}

#[test]
fn a_host_that_does_not_answer_leaves_the_owner_unknown() {
    let maker = holders();
    let attempt = denied()
        .told(Call::List, listed(&[maker]))
        .compares(Name::Claim(maker), Ok(OTHER))
        .told(Call::AskUnread { maker }, Reply::Done);
    let holder = holder(attempt.ends());
    let unknown = Liveness::Unknown(UnknownReason::NoAnswer);
    assert_eq!(holder.liveness, unknown);
}

#[test]
fn no_person_can_say_that_the_owner_of_an_unread_lock_is_dead() {
    let unknown = Liveness::Unknown(UnknownReason::OtherBoot);
    let attempt = Attempt::assuming(Some(holders().as_str()));
    let attempt = attempt.may_not_open(0, ErrorCode::Access);
    holder(attempt.finds_unread(holders(), unknown).ends());
}

#[test]
fn an_unread_reclaim_lock_of_ours_is_not_waited_for() {
    linked(maker(true))
        .may_not_open(1, ErrorCode::Access)
        .finds_unread(scratch(), RUNNING)
        .compares(at(0), Ok(OWN));
}

#[test]
fn an_unread_reclaim_lock_without_a_claim_is_waited_for() {
    linked(maker(true))
        .may_not_open(1, ErrorCode::Access)
        .told(Call::List, listed(&[]))
        .told(Call::List, listed(&[]))
        .waits_for(1);
}

#[test]
fn an_unread_reclaim_lock_beside_a_dead_lock_is_a_refusal() {
    let error = judging()
        .does_not_link(at(1), ErrorCode::Exist, Ok(OTHER))
        .may_not_open(1, ErrorCode::Access)
        .finds_unread(holders(), RUNNING)
        .unclaims(maker(true))
        .ends();
    assert_eq!(error.file, "a.lock.reclaim");
    assert_eq!(error.cause, Cause::Held(Occupation::Reclaiming));
}

#[test]
fn an_inspection_shows_the_owner_of_an_unread_lock() {
    let mut inspect = Inspect::new("a.lock".to_owned());
    let mut next = inspect.start();
    let mut files = Vec::new();
    let maker = holders();
    for reply in [
        with_links(2),
        Reply::Failed(ErrorCode::Access),
        Reply::Id(OTHER),
        listed(&[maker]),
        Reply::Id(OTHER),
        Reply::Liveness(RUNNING),
    ] {
        assert!(matches!(next, Next::Call(_)));
        next = inspect.reply(reply, |level, found| files.push((level, found.claim)));
    }
    while let Next::Call(call) = next {
        let reply = match call {
            Call::Current { .. } => Reply::Maker(super::attempt::maker(true)),
            _ => Reply::Failed(ErrorCode::NoEntry),
        };
        next = inspect.reply(reply, |level, _| panic!("there is a file at level {level}"));
    }
    let Next::End(Ok(status)) = next else {
        panic!("{next:?}");
    };
    assert_eq!(status.state, State::Held);
    assert_eq!(files, [(0, Some(maker))]);
}
