//! The search for a lock's claim, and the meaning of an unfinished search.

use super::{
    attempt::{Attempt, NO_PROCESS, OTHER, at, identity, maker, regular, with_links},
    scenes::{EXISTS, failed},
};
use crate::{
    call::{Call, FileId, FileStat, Listed, Owner, Reply},
    facts::{DescriptorType, ErrorCode, Liveness, UnknownReason},
    machine::outcome::{Cause, NotALock, Operation},
    names::{Identity, LONGEST, Name},
};

const OWNER: Owner = Owner::Pid(9);

/// Returns an attempt that has read a lock of pid 9, and asks how many names it has.
fn read() -> Attempt {
    let name = at(0);
    Attempt::begin()
        .told(Call::Stat { name }, regular(2, 0))
        .told(Call::Open { name }, Reply::Id(OTHER))
        .told(Call::Read, Reply::Bytes(b"9\n".to_vec()))
}

/// Returns one that lists the directory, since the lock has two names.
fn listing() -> Attempt {
    read()
        .told(Call::StatOpen, with_links(2))
        .told(Call::Identify { pid: 9 }, Reply::Identity(None))
}

fn part(claims: &[Identity], missed: Option<ErrorCode>, more: bool) -> Reply {
    Reply::Listed(Listed {
        claims: claims.to_vec(),
        reclaims: false,
        missed,
        more,
    })
}

fn claim(number: u32) -> Identity {
    Identity::new(&format!("1-x{number}")).unwrap()
}

#[test]
fn a_link_count_of_one_is_believed_where_there_is_evidence() {
    read()
        .told(Call::StatOpen, with_links(1))
        .told(Call::Current { attempt: 0 }, Reply::Maker(maker(true)))
        .told(Call::Ask { owner: OWNER }, Reply::Liveness(EXISTS))
        .ends();
}

#[test]
fn a_link_count_of_one_is_not_believed_elsewhere() {
    let answers = [
        Reply::Maker(maker(false)),
        Reply::Refused("it does not say".into()),
    ];
    for answer in answers {
        let claim = claim(1);
        let owner = Owner::Maker(claim);
        let unknown = Liveness::Unknown(UnknownReason::OtherNamespace);
        let error = read()
            .told(Call::StatOpen, with_links(1))
            .told(Call::Current { attempt: 0 }, answer)
            .told(Call::Identify { pid: 9 }, Reply::Identity(None))
            .told(Call::List, part(&[claim], None, false))
            .compares(Name::Claim(claim), Ok(OTHER))
            .told(Call::Ask { owner }, Reply::Liveness(unknown))
            .ends();
        assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
        assert!(error.holder.claim.is_some());
    }
}

#[test]
fn a_claim_in_a_later_part_of_the_listing_is_found() {
    let (first, last) = (claim(1), claim(2));
    let owner = Owner::Maker(last);
    listing()
        .told(Call::List, part(&[first], None, true))
        .compares(Name::Claim(first), Err(ErrorCode::NoEntry))
        .told(Call::ListOn, part(&[], None, true))
        .told(Call::ListOn, part(&[last], None, true))
        .compares(Name::Claim(last), Ok(OTHER))
        .told(Call::Ask { owner }, Reply::Liveness(EXISTS))
        .ends();
}

#[test]
fn a_search_that_is_interrupted_proves_no_death() {
    let access = ErrorCode::Access;
    let listed = |last| {
        listing()
            .told(Call::List, part(&[], None, true))
            .told(Call::ListOn, part(&[], Some(access), false))
            .told(Call::List, part(&[], None, true))
            .told(Call::ListOn, last)
    };
    for last in [part(&[], Some(access), false), Reply::Failed(access)] {
        let error = listed(last.clone())
            .told(Call::Ask { owner: OWNER }, Reply::Liveness(NO_PROCESS))
            .ends();
        assert_eq!(error.cause, failed(Operation::List, access));
        // A pid that exists holds the lock, but a user cannot declare its owner dead.
        let error = listed(last)
            .told(Call::Ask { owner: OWNER }, Reply::Liveness(EXISTS))
            .ends();
        assert!(matches!(error.cause, Cause::Held(_)), "{error:?}");
        assert_eq!(error.holder.identity(), None);
        assert_eq!(error.holder.pid, Some(9));
    }
    // The second listing has shown what the first one missed.
    let owner = OWNER;
    let maker = maker(true);
    listed(part(&[], None, false))
        .told(Call::Current { attempt: 0 }, Reply::Maker(maker))
        .told(Call::Ask { owner }, Reply::Liveness(NO_PROCESS))
        .goes_on_with(Call::Create {
            claim: maker.identity,
        });
}

#[test]
fn a_candidate_that_cannot_be_looked_at_does_not_end_the_search() {
    let (hidden, found) = (claim(1), claim(2));
    let owner = Owner::Maker(found);
    let hide = |attempt: Attempt| {
        attempt
            .told(Call::List, part(&[hidden], None, true))
            .compares(Name::Claim(hidden), Err(ErrorCode::Access))
    };
    hide(listing())
        .told(Call::ListOn, part(&[found], None, false))
        .compares(Name::Claim(found), Ok(OTHER))
        .told(Call::Ask { owner }, Reply::Liveness(NO_PROCESS))
        .goes_on_with(Call::Current { attempt: 0 });
    let nothing = || part(&[], None, false);
    let once = hide(listing()).told(Call::ListOn, nothing());
    let error = hide(once)
        .told(Call::ListOn, nothing())
        .told(Call::Ask { owner: OWNER }, Reply::Liveness(NO_PROCESS))
        .ends();
    assert_eq!(error.cause, failed(Operation::Stat, ErrorCode::Access));
}

#[test]
fn a_candidate_that_is_another_file_is_not_the_claim() {
    let (other, found) = (claim(1), claim(2));
    let owner = Owner::Maker(found);
    let error = listing()
        .told(Call::List, part(&[other], None, true))
        .compares(Name::Claim(other), Ok(FileId(3, 0)))
        .told(Call::ListOn, part(&[found], None, false))
        .compares(Name::Claim(found), Ok(OTHER))
        .told(Call::Ask { owner }, Reply::Liveness(EXISTS))
        .ends();
    assert_eq!(error.holder.claim, Some(found));
}

#[test]
fn what_cannot_be_a_lock_is_never_opened() {
    let kind = DescriptorType::Directory;
    let size = LONGEST as u64 + 1;
    let cases = [
        (kind, 2, NotALock::Kind(kind)),
        (DescriptorType::RegularFile, size, NotALock::Size(size)),
    ];
    for (kind, size, what) in cases {
        let stat = FileStat {
            kind,
            size,
            links: 1,
            modified: None,
        };
        let name = at(0);
        let error = Attempt::begin()
            .told(Call::Stat { name }, Reply::Stat(stat))
            .ends();
        assert_eq!(error.cause, Cause::NotALock(what));
        // It was small, and is not any more: the file that is open is what counts.
        let error = read().told(Call::StatOpen, Reply::Stat(stat)).ends();
        assert_eq!(error.cause, Cause::NotALock(what));
    }
}

#[test]
fn a_listing_without_end_is_an_interrupted_search() {
    let mut attempt = listing().told(Call::List, part(&[], None, true));
    for _ in 0..1 << 20 {
        attempt = attempt.told(Call::ListOn, part(&[], None, true));
    }
    let error = attempt
        .told(Call::Ask { owner: OWNER }, Reply::Liveness(NO_PROCESS))
        .ends();
    assert_eq!(error.cause, failed(Operation::List, ErrorCode::Overflow));
}

#[test]
fn the_host_is_asked_once_who_asks() {
    let me = maker(false);
    read()
        .told(Call::StatOpen, with_links(1))
        .told(Call::Current { attempt: 0 }, Reply::Maker(me))
        .told(Call::Identify { pid: 9 }, Reply::Identity(None))
        .told(Call::List, part(&[], None, false))
        .told(Call::List, part(&[], None, false))
        .told(Call::Ask { owner: OWNER }, Reply::Liveness(NO_PROCESS))
        .goes_on_with(Call::Create {
            claim: identity(false),
        });
}

#[test]
fn a_file_that_grew_while_it_was_read_is_no_lock() {
    let name = at(0);
    Attempt::begin()
        .told(Call::Stat { name }, regular(2, 0))
        .told(Call::Open { name }, Reply::Id(OTHER))
        .told(Call::Read, Reply::Bytes(vec![b'9'; LONGEST + 1]))
        .ends();
}

#[test]
fn an_identity_answers_only_its_own_question() {
    let nothing = || part(&[], None, false);
    read()
        .told(Call::StatOpen, with_links(2))
        .told(Call::Identify { pid: 9 }, Reply::Maker(maker(true)))
        .told(Call::List, nothing())
        .told(Call::List, nothing())
        .told(Call::Current { attempt: 0 }, Reply::Maker(maker(true)))
        .told(Call::Ask { owner: OWNER }, Reply::Liveness(NO_PROCESS))
        .goes_on_with(Call::Create {
            claim: identity(false),
        });
}
