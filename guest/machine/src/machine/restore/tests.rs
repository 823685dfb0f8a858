//! Putting a lock file back, reply by reply.

use super::*;
use crate::{
    facts::{AliveReason, DeadReason, Liveness},
    machine::examine::Found,
    names::Identity,
};

const OWN: FileId = FileId(1, 1);
const OTHER: FileId = FileId(1, 2);

fn restore() -> Restore {
    restore_with(true)
}

fn restore_with(evidence: bool) -> Restore {
    let identity = Identity::new("1-p7").expect("an identity");
    let maker = Maker {
        pid: 7,
        identity,
        evidence,
        session: false,
    };
    Restore::new(Some(maker), OWN)
}

fn ends(next: Next<Outcome>) -> bool {
    matches!(next, Next::End(_))
}

#[test]
fn a_look_that_fails_leaves_nothing_to_go_on_with() {
    let mut restore = restore();
    assert!(!ends(restore.start(0)));
    assert!(ends(restore.reply(Reply::Failed(ErrorCode::Io))));
    assert!(!restore.is_open());
    // The next attempt begins anew.
    assert!(!ends(restore.start(0)));
    assert!(!ends(restore.reply(Reply::Id(OWN))));
    assert_eq!(
        restore.reply(Reply::Id(OWN)),
        Next::End(Ok(Restored::Intact))
    );
    assert!(!restore.is_open());
}

#[test]
fn a_file_that_was_linked_has_to_be_looked_after() {
    let mut restore = restore();
    let missing = || Reply::Failed(ErrorCode::NoEntry);
    assert!(!ends(restore.start(0)));
    assert!(!ends(restore.reply(missing())), "the reclaim lock");
    assert!(!ends(restore.reply(missing())), "the claim");
    assert!(!ends(restore.reply(Reply::Id(OWN))), "the link");
    assert!(restore.is_open());
}

#[test]
fn a_claim_is_made_anew_only_where_the_kernel_keeps_evidence() {
    for evidence in [true, false] {
        let mut restore = restore_with(evidence);
        let missing = || Reply::Failed(ErrorCode::NoEntry);
        assert!(!ends(restore.start(0)));
        assert!(!ends(restore.reply(missing())), "the reclaim lock");
        assert!(!ends(restore.reply(missing())), "the claim");
        let next = restore.reply(missing());
        match evidence {
            true => assert!(matches!(next, Next::Call(Call::Create { .. }))),
            false => assert_eq!(next, Next::End(Err(Unrestored::Lost))),
        }
    }
}

#[test]
fn a_claim_is_not_named_where_another_file_has_the_locks_name() {
    let mut restore = restore();
    assert!(!ends(restore.start(0)));
    let next = restore.reply(Reply::Id(OTHER));
    assert_eq!(next, Next::End(Err(Unrestored::Lost)));
    assert!(restore.is_open());
}

/// Returns one that has got as far as this.
fn restore_at(stage: Stage) -> Restore {
    Restore {
        linked: true,
        stage,
        ..restore()
    }
}

#[test]
fn a_file_that_was_linked_is_ours_while_the_name_has_it() {
    let look = Some(Stage::LookAfter);
    for (stage, ours) in [
        (Stage::Compare, look),
        (Stage::CompareLinked(None), look),
        (Stage::Verify, None),
    ] {
        let mut restore = restore_at(stage);
        let next = restore.reply(Reply::Id(OWN));
        match ours {
            Some(stage) => assert_eq!(restore.stage, stage),
            None => assert_eq!(next, Next::End(Ok(Restored::Linked))),
        }
        let next = restore_at(stage).reply(Reply::Id(OTHER));
        assert_eq!(next, Next::End(Err(Unrestored::Lost)), "{stage:?}");
    }
}

/// Where no kernel keeps evidence, a client of a share may answer from its cache that the name exists.
#[test]
fn a_name_that_exists_and_is_missing_is_tried_again_on_a_share() {
    let ends = [(true, Unrestored::Lost), (false, Unrestored::Again(PAUSE))];
    for (evidence, end) in ends {
        let mut restore = restore_at(Stage::CompareLinked(Some(ErrorCode::Exist)));
        restore.maker = restore.maker.map(|maker| Maker { evidence, ..maker });
        let next = restore.reply(Reply::Failed(ErrorCode::NoEntry));
        assert_eq!(next, Next::End(Err(end)));
    }
}

#[test]
fn a_linked_file_that_cannot_be_examined_is_looked_after() {
    let mut restore = restore_at(Stage::CompareLinked(None));
    assert!(ends(restore.reply(Reply::Failed(ErrorCode::Io))));
    assert!(!ends(restore.start(0)));
    assert_eq!(restore.stage, Stage::LookAfter);
}

#[test]
fn a_lost_lock_stays_lost_without_another_look() {
    let next = restore_at(Stage::Lost).start(0);
    assert_eq!(next, Next::End(Err(Unrestored::Lost)));
}

#[test]
fn a_claim_that_is_missing_beside_our_file_is_linked() {
    let mut restore = restore();
    let claim = Identity::new("1-p7").expect("an identity");
    assert!(!ends(restore.start(0)));
    assert!(!ends(restore.reply(Reply::Id(OWN))));
    let next = restore.reply(Reply::Failed(ErrorCode::NoEntry));
    assert_eq!(next, Next::Call(Call::LinkOpen { claim }));
}

#[test]
fn another_file_at_the_claims_name_is_not_linked() {
    let mut restore = restore();
    let missing = || Reply::Failed(ErrorCode::NoEntry);
    assert!(!ends(restore.start(0)));
    assert!(!ends(restore.reply(missing())), "the reclaim lock");
    assert!(!ends(restore.reply(missing())), "the claim");
    let next = restore.reply(Reply::Id(OTHER));
    assert_eq!(next, Next::End(Err(Unrestored::Lost)));
}

#[test]
fn a_file_in_place_that_is_missing_is_lost_at_once() {
    let mut restore = Restore::new(None, OWN);
    assert!(!ends(restore.start(0)));
    let next = restore.reply(Reply::Failed(ErrorCode::NoEntry));
    assert_eq!(next, Next::End(Err(Unrestored::Lost)));
}

#[test]
fn a_reclaim_without_a_pid_keeps_no_file_from_its_name() {
    let failed = Seen::Failed(Operation::Open, ErrorCode::Io);
    for (seen, is_lost) in [(Seen::File, false), (failed, true)] {
        let mut restore = restore();
        restore.linked = true;
        let again = Next::End(Err(Unrestored::Again(PAUSE)));
        assert_eq!(restore.other_seen(seen), again);
        assert!(!ends(restore.start(RECLAIM - 1)));
        assert_eq!(restore.other_seen(seen), again);
        // The wait began with the first call after the first look.
        assert!(!ends(restore.start(2 * RECLAIM - 1)));
        assert_eq!(ends(restore.other_seen(seen)), is_lost);
        assert_eq!(restore.is_lost(), is_lost);
    }
}

/// Puts the file back where all names are missing, with these replies to the guard of a claim that is made anew. Returns
/// the end of it, and how often the guard was asked for.
fn made_anew(there: FileId, guarded: impl Fn(usize) -> Reply) -> (Next<Outcome>, usize) {
    let mut restore = restore();
    let (mut is_linked, mut guards) = (false, 0);
    let mut next = restore.start(0);
    while let Next::Call(call) = next {
        next = restore.reply(match call {
            Call::Create { .. } => Reply::Id(OWN),
            Call::Guard { .. } => {
                guards += 1;
                guarded(guards)
            }
            Call::Link { .. } => {
                is_linked = true;
                Reply::Done
            }
            Call::Write { .. } => Reply::Done,
            Call::Id { name: LOCK } if is_linked => Reply::Id(there),
            _ => Reply::Failed(ErrorCode::NoEntry),
        });
    }
    (next, guards)
}

#[test]
fn a_lock_is_back_once_its_name_has_our_file() {
    let (end, _) = made_anew(OWN, |_| Reply::Done);
    assert_eq!(end, Next::End(Ok(Restored::Anew)));
    let (end, _) = made_anew(OTHER, |_| Reply::Done);
    assert_eq!(end, Next::End(Err(Unrestored::Lost)));
}

#[test]
fn a_claim_that_is_probed_is_guarded_again_and_not_for_ever() {
    let last = usize::from(PROBES) + 1;
    let (end, guards) = made_anew(OWN, |nth| match nth == last {
        true => Reply::Done,
        false => Reply::Probed,
    });
    assert_eq!((end, guards), (Next::End(Ok(Restored::Anew)), last));
    let (end, guards) = made_anew(OWN, |_| Reply::Probed);
    assert_eq!((end, guards), (Next::End(Err(Unrestored::Lost)), last));
}

#[test]
fn only_a_reclaim_of_a_dead_process_is_no_reason_to_wait() {
    let dead = Liveness::Dead(DeadReason::NoProcess);
    let alive = Liveness::Alive(AliveReason::Evidence);
    for (pid, liveness, is_verified) in [
        (Some(8), dead, true),
        (Some(8), alive, false),
        (None, dead, false),
    ] {
        let mut restore = restore();
        restore.examine = Examine::that_found(Found {
            pid,
            liveness,
            ..Found::NOTHING
        });
        let is_call = matches!(restore.other_seen(Seen::File), Next::Call(_));
        assert_eq!(is_call, is_verified, "{pid:?} {liveness:?}");
    }
}

fn owner(in_place: bool) -> Machine {
    let mut machine = Machine::new("a.lock".into(), None);
    machine.state = State::Owned;
    machine.in_place = in_place;
    machine.own = OWN;
    machine.levels.insert(0, OWN);
    machine.levels.insert(1, OWN);
    machine
}

#[test]
fn a_new_claim_makes_the_owner_forget_its_levels() {
    for (file, is_kept) in [(OWN, true), (OTHER, false)] {
        let mut machine = owner(false);
        let mut restore = restore();
        restore.own = file;
        machine.restored(&restore);
        assert_eq!((machine.own, machine.own()), (file, Some(file)));
        assert_eq!(machine.levels.get(1).is_some(), is_kept);
    }
}

#[test]
fn an_owner_in_place_has_no_claim_to_link() {
    let identity = Identity::new("1-p7").expect("an identity");
    for in_place in [true, false] {
        let mut machine = owner(in_place);
        machine.maker = Some(Maker {
            pid: 7,
            identity,
            evidence: true,
            session: false,
        });
        let restore = machine.restore().expect("it holds the lock");
        assert_eq!(restore.maker.is_none(), in_place);
    }
}

#[test]
fn an_owner_in_place_has_no_claim_to_replace() {
    let mut machine = owner(true);
    let mut restore = restore();
    restore.own = OTHER;
    machine.restored(&restore);
    assert_eq!(machine.own, OWN);
}

#[test]
fn a_loss_that_was_seen_once_is_one_for_good() {
    for (before, stage, after) in [
        (false, Stage::Begin, false),
        (false, Stage::Lost, true),
        (true, Stage::Begin, true),
    ] {
        let mut machine = owner(false);
        machine.lost = before;
        let mut restore = restore();
        restore.stage = stage;
        machine.restored(&restore);
        assert_eq!(machine.lost, after);
    }
}

#[test]
fn an_owner_that_counts_its_lock_as_lost_does_so_for_good() {
    let mut machine = owner(false);
    machine.lose();
    machine.restored(&restore());
    assert!(machine.lost);
}
