//! A sweep, reply by reply.

use super::*;
use crate::{
    call::{FileStat, Listed},
    facts::DescriptorType,
};

const DEAD: Reply = Reply::Liveness(Liveness::Dead(DeadReason::NoProcess));

const UNLOCKED: Reply = Reply::Liveness(Liveness::Dead(DeadReason::EvidenceGone));

fn claim(number: usize) -> Identity {
    Identity::new(&format!("1-p{number}")).expect("an identity")
}

fn file(number: usize) -> FileId {
    FileId(1, number as u64)
}

fn stat(kind: DescriptorType, size: u64) -> Reply {
    Reply::Stat(FileStat {
        kind,
        size,
        links: 1,
        modified: None,
    })
}

fn listed(claims: impl IntoIterator<Item = usize>) -> Reply {
    Reply::Listed(Listed {
        claims: claims.into_iter().map(claim).collect(),
        reclaims: false,
        missed: None,
        more: false,
    })
}

/// Lets the sweep examine its next claim, which is this file.
fn examines(sweep: &mut Sweep, number: usize, size: u64, answer: Reply) -> Option<Call> {
    let regular = || stat(DescriptorType::RegularFile, size);
    sweep.reply(regular());
    sweep.reply(Reply::Id(file(number)));
    sweep.reply(regular());
    sweep.reply(answer)
}

/// Lets the sweep find no file at any level.
fn finds_no_level(sweep: &mut Sweep) -> Option<Call> {
    let levels = (0..=DEEPEST).map(|_| sweep.reply(Reply::Failed(ErrorCode::NoEntry)));
    levels.last().flatten()
}

#[test]
fn a_claim_that_is_known_to_be_dead_goes_and_nothing_is_listed() {
    let mut sweep = Sweep::default();
    assert!(sweep.bury(vec![(claim(1), file(1))]).is_some());
    let name = Name::Claim(claim(1));
    assert_eq!(finds_no_level(&mut sweep), Some(Call::Id { name }));
    assert_eq!(sweep.reply(Reply::Id(file(1))), Some(Call::Unlink { name }));
    assert_eq!(sweep.reply(Reply::Done), None);
}

#[test]
fn a_claim_whose_name_is_another_files_by_now_stays() {
    let mut sweep = Sweep::default();
    sweep.bury(vec![(claim(1), file(1))]);
    finds_no_level(&mut sweep);
    assert_eq!(sweep.reply(Reply::Id(file(2))), None);
}

#[test]
fn a_claim_known_to_be_dead_before_goes_with_the_others() {
    let mut sweep = Sweep::default();
    sweep.begin(None, None, vec![(claim(1), file(1))], true);
    sweep.reply(listed([2]));
    let level = Call::Id {
        name: Name::Level(0),
    };
    assert_eq!(examines(&mut sweep, 2, 2, DEAD), Some(level));
    for known in [2, 1] {
        let name = Name::Claim(claim(known));
        let next = match known {
            2 => finds_no_level(&mut sweep),
            _ => sweep.reply(Reply::Done),
        };
        assert_eq!(next, Some(Call::Id { name }));
        sweep.reply(Reply::Id(file(known)));
    }
}

#[test]
fn a_claim_dead_before_is_at_no_level_if_none_is_listed() {
    let shows = |reclaims, missed| {
        Reply::Listed(Listed {
            reclaims,
            missed,
            ..Listed::default()
        })
    };
    for (evidence, reply, is_known) in [
        (true, shows(false, None), true),
        (true, shows(true, None), false),
        (true, shows(false, Some(ErrorCode::Access)), false),
        (true, Reply::Failed(ErrorCode::Access), false),
        (false, shows(false, None), false),
    ] {
        let mut sweep = Sweep::default();
        sweep.begin(None, None, vec![(claim(1), file(1))], evidence);
        let name = match is_known {
            true => Name::Claim(claim(1)),
            false => Name::Level(0),
        };
        assert_eq!(sweep.reply(reply), Some(Call::Id { name }));
        assert_eq!(sweep.reclaims, !is_known);
    }
}

#[test]
fn beside_a_lease_reclaim_locks_may_be_left_over() {
    let mut sweep = Sweep::default();
    sweep.begin(None, None, Vec::new(), true);
    sweep.reply(listed([1]));
    sweep.reply(stat(DescriptorType::RegularFile, 2));
    assert_eq!(sweep.reply(Reply::Failed(ErrorCode::WouldBlock)), None);
    assert!(sweep.reclaims && sweep.partial);
}

#[test]
fn a_claim_known_to_be_dead_before_is_not_examined() {
    let mut sweep = Sweep::default();
    sweep.begin(None, None, vec![(claim(1), file(1))], true);
    let name = Name::Claim(claim(2));
    assert_eq!(sweep.reply(listed([2, 1])), Some(Call::Stat { name }));
}

#[test]
fn the_time_of_our_claim_is_not_asked_for_twice() {
    for born in [None, Some(None)] {
        let mut sweep = Sweep::default();
        sweep.begin(None, born, Vec::new(), true);
        sweep.reply(listed([1]));
        let next = examines(&mut sweep, 1, 0, UNLOCKED);
        assert_eq!(next == Some(Call::StatClaim), born.is_none());
    }
}

#[test]
fn only_a_regular_file_is_opened() {
    for (kind, is_opened) in [
        (DescriptorType::RegularFile, true),
        (DescriptorType::Fifo, false),
        (DescriptorType::SymbolicLink, false),
    ] {
        let mut sweep = Sweep::default();
        sweep.begin(None, None, Vec::new(), true);
        sweep.reply(listed([1]));
        let next = sweep.reply(stat(kind, 2));
        assert_eq!(matches!(next, Some(Call::Open { .. })), is_opened);
    }
}

#[test]
fn so_many_dead_claims_are_removed_before_further_are_examined() {
    let mut sweep = Sweep::default();
    sweep.begin(None, None, Vec::new(), true);
    sweep.reply(listed(1..FULL + 2));
    for number in 1..FULL {
        let next = examines(&mut sweep, number, 2, DEAD);
        assert!(matches!(next, Some(Call::Stat { .. })), "{number}");
    }
    let next = examines(&mut sweep, FULL, 2, DEAD);
    assert!(matches!(next, Some(Call::Id { .. })));
}
