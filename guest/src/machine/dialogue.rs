//! Turn by turn: what the machine asks for next, and what it comes to, told answer by answer.
//!
//! For what the model checker cannot see: which file an error names, how long exactly something is waited for, and steps
//! that could be left out or taken once more without harm.

mod attempt;

use self::attempt::{Attempt, NOBODY, OTHER, OWN, at, identity, maker, regular};
use crate::{
    call::{Call, FileId, FileStat, Maker, Ours, Reply},
    contract::{
        AliveReason, Cause, DeadReason, DescriptorType, ErrorCode, Failure, Liveness, Operation,
        Remark, Warning,
    },
    lockfile::{DEEPEST, Identity, Name},
    machine::sweeps_unasked,
};

const EXISTS: Liveness = Liveness::Alive(AliveReason::Exists);

const GONE: Result<FileId, ErrorCode> = Err(ErrorCode::NoEntry);

/// The number of the last attempt that can have a claim beside those of all others.
const LAST: u32 = 4_096;

/// What is added to the number of an attempt for the identity that its scratch link has.
const SCRATCH: u32 = 8_192;

fn failed(operation: Operation, code: ErrorCode) -> Cause {
    Cause::Failed(Failure { operation, code })
}

fn scratch() -> Identity {
    Identity::new("1-p7-scratch").unwrap()
}

/// An attempt where links do not work, that has made the lock file in place.
fn made_in_place() -> Attempt {
    let me = maker(false);
    let file = Ours::At(0);
    Attempt::claimed(me)
        .told(
            Call::Current { attempt: SCRATCH },
            Reply::Maker(Maker {
                identity: scratch(),
                ..me
            }),
        )
        .told(
            Call::Link {
                name: Name::Claim(scratch()),
            },
            Reply::Failed(ErrorCode::NotPermitted),
        )
        .compares(Name::Claim(scratch()), GONE)
        .told(
            Call::Unlink {
                name: Name::Claim(scratch()),
            },
            Reply::Failed(ErrorCode::NoEntry),
        )
        .told(Call::StatClaim, regular(2, 1_000))
        .unclaims(me)
        .told(Call::Make { level: 0 }, Reply::Id(OWN))
        .told(Call::Guard { file }, Reply::Done)
}

/// The same, written.
fn written_in_place() -> Attempt {
    let file = Ours::At(0);
    made_in_place().told(Call::Write { file, pid: 7 }, Reply::Done)
}

/// An attempt that has linked its claim on a free directory.
fn linked(maker: Maker) -> Attempt {
    Attempt::claimed(maker).told(Call::Link { name: at(0) }, Reply::Done)
}

/// An attempt that has the reclaim lock of a dead one, and has judged that under it.
fn judged() -> Attempt {
    Attempt::begin()
        .sees(0, OTHER, "9\n", 0, NOBODY)
        .claims(0, maker(true))
        .told(Call::Link { name: at(0) }, Reply::Failed(ErrorCode::Exist))
        .compares(at(0), Ok(OTHER))
        .sees(0, OTHER, "9\n", 0, NOBODY)
        .told(Call::Link { name: at(1) }, Reply::Done)
        .sees(0, OTHER, "9\n", 0, NOBODY)
}

// which file it was

#[test]
fn an_error_names_the_claim_that_could_not_be_guarded_or_written() {
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
fn an_error_names_the_file_made_in_place_that_could_not_be_written() {
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
fn an_error_names_the_lock_or_the_directory_that_could_not_be_looked_at() {
    let stat = Call::Stat { name: at(0) };
    let no = || Reply::Failed(ErrorCode::Access);
    let error = Attempt::begin().told(stat, no()).ends();
    assert_eq!(error.file, "a.lock");
    assert_eq!(error.cause, failed(Operation::Stat, ErrorCode::Access));
    // With a second name, so there may be a claim.
    let stat_open = Reply::Stat(FileStat {
        kind: DescriptorType::RegularFile,
        size: 2,
        links: 2,
        modified: None,
    });
    let error = Attempt::begin()
        .told(stat, regular(2, 0))
        .told(Call::Open { name: at(0) }, Reply::Id(OTHER))
        .told(Call::Read, Reply::Bytes(b"9\n".to_vec()))
        .told(Call::StatOpen, stat_open)
        .told(Call::Identify { pid: 9 }, Reply::Identity(None))
        .told(Call::List, no())
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
fn a_sweep_that_fails_is_warned_of_and_costs_no_lock() {
    let me = Maker {
        identity: identity(true),
        ..maker(true)
    };
    let owner = linked(me).finds_nothing(1).compares(at(0), Ok(OWN));
    let levels = (1..=DEEPEST).rev();
    let report = levels
        .fold(owner, |owner, level| owner.compares(at(level), GONE))
        .told(Call::List, Reply::Failed(ErrorCode::Access))
        .owns();
    let failure = Failure {
        operation: Operation::List,
        code: ErrorCode::Access,
    };
    let warning = Warning {
        file: String::new(),
        remark: Remark::Untidy(failure),
    };
    assert_eq!(report.warnings, [warning]);
}

#[test]
fn a_host_that_will_not_is_quoted() {
    let no = || Reply::Refused("it will not".to_owned());
    let why = Cause::Host("it will not".to_owned());
    let current = Call::Current { attempt: 0 };
    let error = Attempt::begin().finds_nothing(0).told(current, no()).ends();
    assert_eq!(error.cause, why, "who it is");
    let (me, file) = (maker(true), Ours::Claim);
    let claim = me.identity;
    let error = Attempt::begin()
        .finds_nothing(0)
        .told(current, Reply::Maker(me))
        .told(Call::Create { claim }, Reply::Id(OWN))
        .told(Call::Guard { file }, no())
        .unclaims(me)
        .ends();
    assert_eq!(error.cause, why, "a claim");
    let error = Attempt::claimed(maker(false))
        .told(Call::Current { attempt: SCRATCH }, no())
        .unclaims(maker(false))
        .ends();
    assert_eq!(error.cause, why, "a scratch link");
}

// how long

#[test]
fn another_programs_reclaim_is_waited_for_two_seconds_and_then_warned_of() {
    let report = linked(maker(true))
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(10)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(2_009)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .waits_until(2_010)
        .sees(1, OTHER, "9\n", 0, EXISTS)
        .compares(at(0), Ok(OWN))
        .owns();
    let warning = Warning {
        file: "a.lock.reclaim".to_owned(),
        remark: Remark::OtherReclaim(Some(9)),
    };
    assert_eq!(report.warnings, [warning]);
}

#[test]
fn an_attempt_that_has_waited_thirty_seconds_in_all_waits_no_more() {
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
fn a_reclaim_that_may_not_know_a_file_made_in_place_is_waited_for_five_seconds_and_then_respected()
{
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
fn an_old_reclaim_lock_that_names_nobody_is_not_waited_for() {
    let nobody = Liveness::Dead(DeadReason::Nobody);
    linked(maker(true))
        .sees(1, OTHER, "", 0, nobody)
        .told(Call::StatClaim, regular(2, 1_000))
        .compares(at(0), Ok(OWN));
}

#[test]
fn a_reclaim_lock_that_names_nobody_settles_beside_a_file_made_in_place() {
    let nobody = Liveness::Dead(DeadReason::Nobody);
    written_in_place()
        .sees(1, OTHER, "", 1_000, nobody)
        .told(Call::Keep { level: 1 }, Reply::Done)
        .waits_until(10)
        .sees(1, OTHER, "", 1_000, nobody)
        .waits_until(3_009)
        .sees(1, OTHER, "", 1_000, nobody)
        .waits_until(3_010)
        .sees(1, OTHER, "", 1_000, nobody)
        .compares(at(0), Ok(OWN));
}

// no step too many

#[test]
fn a_name_that_is_free_again_is_linked_without_another_look() {
    Attempt::claimed(maker(true))
        .told(Call::Link { name: at(0) }, Reply::Failed(ErrorCode::Exist))
        .compares(at(0), GONE)
        .told(Call::Link { name: at(0) }, Reply::Done);
}

#[test]
fn another_file_than_the_one_that_was_judged_is_judged_in_its_turn() {
    judged()
        .compares(at(0), Ok(FileId(3, 0)))
        .sees(0, FileId(3, 0), "9\n", 0, NOBODY)
        .removes(at(0), FileId(3, 0))
        .told(Call::Link { name: at(0) }, Reply::Done);
}

#[test]
fn a_scratch_link_that_fails_in_passing_is_tried_once_more_and_not_for_ever() {
    let me = maker(false);
    let name = Name::Claim(scratch());
    let maker = Maker {
        identity: scratch(),
        ..me
    };
    let no = || Reply::Failed(ErrorCode::Io);
    Attempt::claimed(me)
        .told(Call::Current { attempt: SCRATCH }, Reply::Maker(maker))
        .told(Call::Link { name }, no())
        .compares(name, GONE)
        .told(Call::Link { name }, no())
        .compares(name, GONE)
        .told(Call::Unlink { name }, Reply::Done);
}

/// An attempt of a process that has as many claims as there can be but for one, and is asking for that.
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
fn one_owner_in_64_sweeps_without_a_cause() {
    let identities = (0..6_400).map(|pid| Identity::new(&format!("1-p{pid}-s1234567")).unwrap());
    let sweepers = identities.filter(sweeps_unasked).count();
    assert!((50..150).contains(&sweepers), "{sweepers} of 6,400");
}
