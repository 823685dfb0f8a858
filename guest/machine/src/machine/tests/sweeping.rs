//! The files that an owner sweeps, how many at a time, and what it leaves.

use super::{
    attempt::{Attempt, NO_PROCESS, OTHER, at, identity, regular, with_links},
    scenes::{GONE, finds_none_left_above, sweeping},
};
use crate::{
    call::{Call, FileId, Listed, Owner, Reply},
    facts::{Datetime, DeadReason, ErrorCode, Liveness, UnknownReason},
    machine::outcome::Warning,
    names::{DEEPEST, Identity, Name},
};

const UNLOCKED: Liveness = Liveness::Dead(DeadReason::EvidenceGone);

fn claim(number: u32) -> Identity {
    Identity::new(&format!("1-x{number}")).unwrap()
}

fn part(claims: impl IntoIterator<Item = Identity>, more: bool) -> Reply {
    Reply::Listed(Listed {
        claims: claims.into_iter().collect(),
        reclaims: false,
        missed: None,
        more,
    })
}

/// Asks about a claim of this many bytes.
fn asks(owner: Attempt, claim: Identity, size: u64, seconds: u64, liveness: Liveness) -> Attempt {
    let name = Name::Claim(claim);
    let maker = Owner::Maker(claim);
    owner
        .told(Call::Stat { name }, regular(size, seconds))
        .told(Call::Open { name }, Reply::Id(OTHER))
        .told(Call::StatOpen, regular(size, seconds))
        .told(Call::Ask { owner: maker }, Reply::Liveness(liveness))
}

/// Removes a claim that is at no level.
fn buries(owner: Attempt, claim: Identity) -> Attempt {
    let levels = 0..=DEEPEST;
    let owner = levels.fold(owner, |owner, level| owner.compares(at(level), GONE));
    owner.removes(Name::Claim(claim), OTHER)
}

/// Removes the claim that is open, and has this name alone.
fn buries_open(owner: Attempt, claim: Identity) -> Attempt {
    owner
        .told(Call::StatOpen, with_links(1))
        .removes(Name::Claim(claim), OTHER)
}

#[test]
fn an_empty_claim_is_swept_once_it_is_a_minute_older_than_ours() {
    let listed = || sweeping().told(Call::List, part([claim(1), claim(2)], false));
    let born = regular(2, 1_061);
    // Removed at once, while it is open: the next question opens another file.
    let owner = asks(listed(), claim(2), 0, 1_000, UNLOCKED).told(Call::StatClaim, born);
    let owner = buries_open(owner, claim(2));
    // The age of our own claim is asked once.
    asks(owner, claim(1), 0, 1_001, UNLOCKED).owns();
}

#[test]
fn an_empty_claim_without_a_time_or_from_the_future_stays() {
    for (modified, born) in [
        (regular(0, 9_999), regular(2, 1_000)),
        (regular(0, 0), Reply::Failed(ErrorCode::Io)),
    ] {
        let name = Name::Claim(claim(1));
        let owner = Owner::Maker(claim(1));
        sweeping()
            .told(Call::List, part([claim(1)], false))
            .told(Call::Stat { name }, modified.clone())
            .told(Call::Open { name }, Reply::Id(OTHER))
            .told(Call::StatOpen, modified)
            .told(Call::Ask { owner }, Reply::Liveness(UNLOCKED))
            .told(Call::StatClaim, born)
            .owns();
    }
}

#[test]
fn an_empty_claim_whose_maker_is_certainly_dead_needs_no_age() {
    let owner = sweeping().told(Call::List, part([claim(1)], false));
    buries(asks(owner, claim(1), 0, 9_999, NO_PROCESS), claim(1)).owns();
}

#[test]
fn an_owner_does_not_examine_its_own_claim() {
    let own = identity(true);
    sweeping().told(Call::List, part([own], false)).owns();
}

#[test]
fn a_claim_without_evidence_is_removed_while_it_is_open() {
    let owner = sweeping().told(Call::List, part([claim(1), claim(2)], false));
    let owner = buries_open(asks(owner, claim(2), 2, 0, UNLOCKED), claim(2));
    asks(owner, claim(1), 2, 0, UNLOCKED);
}

#[test]
fn an_open_claim_that_may_have_another_name_is_looked_for() {
    for counted in [with_links(2), Reply::Failed(ErrorCode::Io)] {
        let listed = || sweeping().told(Call::List, part([claim(1)], false));
        let unlocked = || asks(listed(), claim(1), 2, 0, UNLOCKED);
        let counts = || unlocked().told(Call::StatOpen, counted.clone());
        buries(counts(), claim(1)).owns();
        // At a level, it is the identity of a dead owner.
        let levels = 0..DEEPEST;
        let above = levels.fold(counts(), |owner, level| owner.compares(at(level), GONE));
        above.compares(at(DEEPEST), Ok(OTHER)).owns();
    }
}

#[test]
fn of_claims_that_were_found_dead_before_the_names_are_unknown() {
    let other = FileId(9, 9);
    let owner = sweeping().told(Call::List, part([claim(1), claim(2)], false));
    let owner = asks(owner, claim(2), 2, 0, NO_PROCESS);
    let owner = asks(owner, claim(1), 2, 0, UNLOCKED).compares(at(0), Ok(other));
    let levels = 1..=DEEPEST;
    let owner = levels.fold(owner, |owner, level| owner.compares(at(level), GONE));
    let owner = owner.removes(Name::Claim(claim(1)), OTHER);
    owner.removes(Name::Claim(claim(2)), OTHER).owns();
}

#[test]
fn a_claim_in_a_later_part_of_the_listing_is_swept() {
    let owner = sweeping()
        .told(Call::List, part([], true))
        .told(Call::ListOn, part([claim(1)], false));
    let report = buries(asks(owner, claim(1), 2, 0, NO_PROCESS), claim(1)).owns();
    assert_eq!(report.warnings, []);
}

#[test]
fn a_sweep_that_cannot_list_on_removes_what_it_knows_to_be_dead() {
    let owner = sweeping().told(Call::List, part([claim(1)], true));
    let owner = asks(owner, claim(1), 2, 0, NO_PROCESS)
        .told(Call::ListOn, Reply::Failed(ErrorCode::Access));
    let report = finds_none_left_above(0, buries(owner, claim(1))).owns();
    assert_eq!(report.warnings.len(), 1);
}

/// Returns which of this many claims are examined, when the host cannot know whether their makers live. Our own was
/// made so many microseconds after a second of the clock.
fn looked_at(count: u32, (second, micros): (u64, u32)) -> (Vec<u32>, bool) {
    let unknown = Liveness::Unknown(UnknownReason::Unreadable);
    let born = |nanoseconds| match regular(2, second) {
        Reply::Stat(mut stat) => {
            stat.modified = stat.modified.map(|time| Datetime {
                nanoseconds,
                ..time
            });
            Reply::Stat(stat)
        }
        _ => unreachable!(),
    };
    let mut owner = sweeping();
    let mut looked_at = Vec::new();
    let mut next = 0;
    while let Some(call) = owner.call() {
        owner = match call {
            Call::List | Call::ListOn => {
                // The last is taken first.
                let numbers = next..count.min(next + 64);
                next = numbers.end;
                owner.told(call, part(numbers.rev().map(claim), next < count))
            }
            Call::StatClaim => owner.told(call, born(micros * 1_000)),
            Call::Stat {
                name: Name::Claim(it),
            } => {
                looked_at.push(it.as_str()[3..].parse().unwrap());
                asks(owner, it, 2, 0, unknown)
            }
            other => panic!("{other:?}"),
        };
    }
    let unswept = owner.owns().warnings.contains(&Warning::Unswept);
    (looked_at, unswept)
}

#[test]
fn a_few_hundred_claims_are_all_looked_at() {
    let (all, unswept) = looked_at(500, (0, 7));
    assert_eq!(all, Vec::from_iter(0..500));
    assert!(!unswept);
}

#[test]
fn however_many_claims_there_are_a_sweep_looks_at_some_thousand() {
    let (few, unswept) = looked_at(100_000, (0, 0));
    assert!((1_000..6_000).contains(&few.len()), "{}", few.len());
    assert!(*few.last().unwrap() > 99_000);
    assert!(unswept, "a warning");
}

#[test]
fn what_one_sweep_does_not_look_at_a_later_one_does() {
    let mut all = std::collections::BTreeSet::new();
    for micros in 0..16 {
        all.extend(looked_at(5_000, (0, micros * 7_919)).0);
    }
    assert_eq!(all.len(), 5_000);
}

#[test]
fn seconds_and_microseconds_choose_what_is_looked_at() {
    let at = |time| looked_at(5_000, time).0;
    assert_eq!(at((1, 1)), at((0, 0)));
    assert_ne!(at((1, 0)), at((0, 0)));
    assert_ne!(at((0, 1)), at((0, 0)));
}
