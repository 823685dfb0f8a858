//! The machine's types, made this library's own, as the component makes them the contract's. A case that is missing
//! does not compile.

use lockhost_machine::{
    facts,
    inspect::{self, Inspected, Unjudged},
    machine::{
        Machine,
        examine::Found,
        outcome::{self as machine, Failure as Failed},
        release::{Released, Unreleased},
        restore, rivals,
    },
    names::{Name, Names},
};

use crate::{
    outcome::{
        Awaited, Cause, Datetime, DescriptorType, Error, ErrorCode, Failure, Holder, InspectCause,
        InspectError, NotALock, Occupation, Occupied, Operation, Refusal, ReleaseCause,
        ReleaseError, Remark, Replaced, ReplacedReason, Report, Restored, State, Status,
        Unrestored, Waiting, Warning,
    },
    process::liveness::{AliveReason, DeadReason, Liveness, UnknownReason},
};

/// Converts the cases of one type to the cases of the same name of another.
macro_rules! cases {
    ($($function:ident($from:ty) -> $to:ty { $($case:ident),+ $(,)? $(; $($only:ident => $as:ident),+)? })+) => {$(
        pub(super) fn $function(case: $from) -> $to {
            type From = $from;
            type To = $to;
            match case {
                $(From::$case => To::$case,)+
                $($(From::$only => To::$as,)+)?
            }
        }
    )+};
}

cases! {
    code(ErrorCode) -> facts::ErrorCode {
        Access, WouldBlock, Already, BadDescriptor, Busy, Deadlock, Quota, Exist, FileTooLarge,
        IllegalByteSequence, InProgress, Interrupted, Invalid, Io, IsDirectory, Loop, TooManyLinks,
        MessageSize, NameTooLong, NoDevice, NoEntry, NoLock, InsufficientMemory, InsufficientSpace,
        NotDirectory, NotEmpty, NotRecoverable, Unsupported, NoTty, NoSuchDevice, Overflow,
        NotPermitted, Pipe, ReadOnly, InvalidSeek, TextFileBusy, CrossDevice,
    }
    reported(facts::ErrorCode) -> ErrorCode {
        Access, WouldBlock, Already, BadDescriptor, Busy, Deadlock, Quota, Exist, FileTooLarge,
        IllegalByteSequence, InProgress, Interrupted, Invalid, Io, IsDirectory, Loop, TooManyLinks,
        MessageSize, NameTooLong, NoDevice, NoEntry, NoLock, InsufficientMemory, InsufficientSpace,
        NotDirectory, NotEmpty, NotRecoverable, Unsupported, NoTty, NoSuchDevice, Overflow,
        NotPermitted, Pipe, ReadOnly, InvalidSeek, TextFileBusy, CrossDevice,
    }
    kind(facts::DescriptorType) -> DescriptorType {
        Unknown, BlockDevice, CharacterDevice, Directory, Fifo, SymbolicLink, RegularFile, Socket,
    }
    operation(machine::Operation) -> Operation {
        Create, Write, Stat, Open, Read, List, Link, Remove,
    }
    occupation(machine::Occupation) -> Occupation { Owning, Reclaiming, Overtaking }
    awaited(machine::Awaited) -> Awaited { Settling, OtherReclaim, Owner, Session }
    back(restore::Restored) -> Restored { Intact, Claim, Linked, Anew }
    state(inspect::State) -> State { Free, Held, Unknown, Stale, Malformed }
    judged_alive(AliveReason) -> facts::AliveReason {
        Evidence, Running, Unguarded, Exists, ThisProcess, OwnPid, Session,
    }
    alive(facts::AliveReason) -> AliveReason {
        Evidence, Running, Unguarded, Exists, ThisProcess, OwnPid, Session,
    }
    judged_dead(DeadReason) -> facts::DeadReason {
        NoProcess, Zombie, Thread, Reused, EvidenceGone, Nobody, SessionGone,
    }
    dead(facts::DeadReason) -> DeadReason {
        NoProcess, Zombie, Thread, Reused, EvidenceGone, Nobody, SessionGone,
    }
    judged_unknown(UnknownReason) -> facts::UnknownReason {
        OtherBoot, OtherNamespace, Unreadable, NoAnswer, NoCoordinator, Unreachable, OtherIncarnation,
        Watched;
        Gone => Watched
    }
    unknown(facts::UnknownReason) -> UnknownReason {
        OtherBoot, OtherNamespace, Unreadable, NoAnswer, NoCoordinator, Unreachable, OtherIncarnation,
        Watched,
    }
}

/// Converts a judgement for the machine.
pub(super) fn judged(liveness: Liveness) -> facts::Liveness {
    match liveness {
        Liveness::Alive(reason) => facts::Liveness::Alive(judged_alive(reason)),
        Liveness::Dead(reason) => facts::Liveness::Dead(judged_dead(reason)),
        Liveness::Unknown(reason) => facts::Liveness::Unknown(judged_unknown(reason)),
    }
}

fn liveness(liveness: facts::Liveness) -> Liveness {
    match liveness {
        facts::Liveness::Alive(reason) => Liveness::Alive(alive(reason)),
        facts::Liveness::Dead(reason) => Liveness::Dead(dead(reason)),
        facts::Liveness::Unknown(reason) => Liveness::Unknown(unknown(reason)),
    }
}

/// Converts a failed operation on a file.
pub(super) fn failure(failed: machine::Operation, code: facts::ErrorCode) -> Failure {
    Failure {
        operation: operation(failed),
        code: reported(code),
    }
}

fn not_a_lock(what: machine::NotALock) -> NotALock {
    match what {
        machine::NotALock::Kind(it) => NotALock::Kind(kind(it)),
        machine::NotALock::Size(size) => NotALock::Size(size),
    }
}

/// Converts the error of an attempt.
pub(super) fn error(machine: &Machine, error: machine::Error) -> Error {
    let cause = match error.cause {
        machine::Cause::Held(how) => Cause::Held(Refusal {
            holder: holder(machine.found()),
            occupation: occupation(how),
        }),
        machine::Cause::Again(what) => Cause::Again(Waiting {
            awaited: awaited(what),
            retry_ms: what.retry_ms(),
        }),
        machine::Cause::Contended => Cause::Contended,
        machine::Cause::NotALock(what) => Cause::NotALock(not_a_lock(what)),
        machine::Cause::TooDeep => Cause::TooDeep,
        machine::Cause::Failed(operation, code) => Cause::Failed(failure(operation, code)),
        machine::Cause::Host => Cause::Host(machine.refused().into()),
        machine::Cause::BadName => Cause::BadName,
        machine::Cause::Ended => Cause::Ended,
    };
    Error {
        file: file(machine.names(), error.name),
        cause,
    }
}

/// Converts the report of how the lock was acquired.
pub(super) fn report(machine: &Machine) -> Report {
    let names = machine.names();
    let report = machine.report();
    let maker = report.maker;
    let replaced = report.replaced.iter().map(|replaced| Replaced {
        file: names.level(replaced.level),
        pid: replaced.pid,
        identity: replaced.claim.map(|claim| claim.as_str().into()),
        reason: match replaced.reason {
            machine::ReplacedReason::Dead(reason) => ReplacedReason::Dead(dead(reason)),
            machine::ReplacedReason::Malformed => ReplacedReason::Malformed,
            machine::ReplacedReason::AssumedDead => ReplacedReason::AssumedDead,
        },
    });
    let warnings = report.warnings.iter().map(|it| warning(names, *it));
    Report {
        file: names.lock().into(),
        pid: maker.map_or(0, |maker| maker.pid),
        identity: maker.map_or("", |maker| maker.identity.as_str()).into(),
        claimed: report.claimed,
        evidence: maker.is_some_and(|maker| maker.evidence),
        replaced: replaced.collect(),
        warnings: warnings.collect(),
    }
}

fn warning(names: &Names, warning: machine::Warning) -> Warning {
    let (name, remark) = match warning {
        machine::Warning::OtherReclaim(pid) => (Some(Name::Level(1)), Remark::OtherReclaim(pid)),
        machine::Warning::Untidy(Failed {
            operation,
            name,
            code,
        }) => (name, Remark::Untidy(failure(operation, code))),
        machine::Warning::Unswept => (None, Remark::Unswept),
    };
    let file = file(names, name);
    Warning { file, remark }
}

/// Converts the result of a release.
pub(super) fn released(names: &Names, released: Released) -> Result<(), ReleaseError> {
    released.map_err(|error| {
        let (name, cause) = match error {
            Unreleased::Lost => (LOCK, ReleaseCause::Lost),
            Unreleased::Failed(Failed {
                operation,
                name,
                code,
            }) => (name, ReleaseCause::Failed(failure(operation, code))),
        };
        let file = file(names, name);
        ReleaseError { file, cause }
    })
}

/// Converts the result of putting the lock file back.
pub(super) fn restored(outcome: restore::Outcome) -> Result<Restored, Unrestored> {
    outcome.map(back).map_err(|error| match error {
        restore::Unrestored::Lost => Unrestored::Lost,
        restore::Unrestored::Again(after) => Unrestored::Again(after),
        restore::Unrestored::Failed(operation, code) => {
            Unrestored::Failed(failure(operation, code))
        }
    })
}

/// Converts the result of a look at the claims of others.
pub(super) fn rivals(outcome: rivals::Outcome) -> Result<Vec<String>, Failure> {
    match outcome {
        Ok(rivals) => Ok(rivals.iter().map(|it| it.as_str().into()).collect()),
        Err(failed) => Err(failure(failed.operation, failed.code)),
    }
}

/// Converts one of the lock's files, at this level.
pub(super) fn occupied(names: &Names, level: u8, found: &Found) -> Occupied {
    Occupied {
        file: names.level(level),
        holder: holder(found),
    }
}

/// Converts the result of an inspection, which has found these files.
pub(super) fn inspected(
    names: &Names,
    files: Vec<Occupied>,
    inspected: Inspected,
) -> Result<Status, InspectError> {
    match inspected {
        Ok(status) => Ok(Status {
            state: state(status.state),
            files,
            evidence: status.evidence,
        }),
        Err(unjudged) => {
            let (name, cause) = match unjudged {
                Unjudged::NotALock(what) => (LOCK, InspectCause::NotALock(not_a_lock(what))),
                Unjudged::Failed(operation, code) => (
                    LOCK.filter(|_| operation != machine::Operation::List),
                    InspectCause::Failed(failure(operation, code)),
                ),
                Unjudged::BadName => (LOCK, InspectCause::BadName),
            };
            let file = file(names, name);
            Err(InspectError { file, cause })
        }
    }
}

const LOCK: Option<Name> = Some(Name::Level(0));

/// Returns the name of a file as text: empty for the directory, and where there is no file.
fn file(names: &Names, name: Option<Name>) -> String {
    match name {
        Some(name) => names.file(&name),
        None => String::new(),
    }
}

fn holder(found: &Found) -> Holder {
    Holder {
        pid: found.pid,
        identity: found.identity(),
        claimed: found.claim.is_some(),
        since: found.stat.modified.map(|time| Datetime {
            seconds: time.seconds,
            nanoseconds: time.nanoseconds,
        }),
        liveness: liveness(found.liveness),
    }
}
