//! The contract in `wit/`, as Rust, and its conversion from and to the machine's types.
//!
//! The machine names files by their meaning; the contract, by their names as text.

// Generated code, to which our rules do not apply; its `unsafe` carries values across the component's border.
#[allow(
    missing_docs,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    rust_2018_idioms,
    unreachable_pub,
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    unused_imports,
    unused_qualifications
)]
pub(crate) mod generated {
    wit_bindgen::generate!({
        path: "../wit",
        world: "lockhost",
        additional_derives: [PartialEq, Eq, Hash],
        additional_derives_ignore: ["stream-error"],
        generate_all,
    });
}

mod words;

use alloc::{string::String, vec::Vec};

use lockhost_machine::{
    call, facts,
    inspect::{self, Inspected, Unjudged},
    machine::{
        Machine,
        examine::Found,
        outcome::{self, Failure as Failed},
        release::{Released, Unreleased},
        restore, rivals,
    },
    names::{Name, Names},
};

pub use self::generated::{
    exports::lockhost::lockfile::lockfile::{
        Awaited, Cause, Descriptor, Error, Failure, Guest, GuestAttempt, GuestLock, Holder,
        InspectCause, InspectError, Lock, NotALock, Occupation, Occupied, Operation, Options,
        Refusal, ReleaseCause, ReleaseError, Remark, Replaced, ReplacedReason, Report, Restored,
        State, Status, Unrestored, Waiting, Warning,
    },
    lockhost::lockfile::process::{
        self, AliveReason, DeadReason, Evidence, GuardError, Liveness, Owner, UnknownReason,
    },
    wasi::{
        clocks::wall_clock::Datetime,
        filesystem::types::{
            DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntryStream, ErrorCode,
            NewTimestamp, OpenFlags, PathFlags,
        },
    },
};

impl From<DescriptorStat> for call::FileStat {
    fn from(stat: DescriptorStat) -> Self {
        Self {
            kind: stat.type_.into(),
            size: stat.size,
            links: stat.link_count,
            modified: stat
                .data_modification_timestamp
                .map(|time| facts::Datetime {
                    seconds: time.seconds,
                    nanoseconds: time.nanoseconds,
                }),
        }
    }
}

impl From<&call::Owner> for Owner {
    fn from(owner: &call::Owner) -> Self {
        match owner {
            call::Owner::Maker(identity) => Self::Maker(identity.as_str().into()),
            call::Owner::Pid(pid) => Self::Pid(*pid),
            call::Owner::Nobody => Self::Nobody,
        }
    }
}

/// Converts the error of an attempt.
#[must_use]
pub fn error(machine: &Machine, error: outcome::Error) -> Error {
    let cause = match error.cause {
        outcome::Cause::Held(occupation) => Cause::Held(Refusal {
            holder: holder(machine.found()),
            occupation: occupation.into(),
        }),
        outcome::Cause::Again(awaited) => Cause::Again(Waiting {
            awaited: awaited.into(),
            retry_ms: awaited.retry_ms(),
        }),
        outcome::Cause::Contended => Cause::Contended,
        outcome::Cause::NotALock(what) => Cause::NotALock(what.into()),
        outcome::Cause::TooDeep => Cause::TooDeep,
        outcome::Cause::Failed(operation, code) => Cause::Failed(failure(operation, code)),
        outcome::Cause::Host => Cause::Host(machine.refused().into()),
        outcome::Cause::BadName => Cause::BadName,
        outcome::Cause::Ended => Cause::Ended,
    };
    Error {
        file: file(machine.names(), error.name),
        cause,
    }
}

/// Converts the report of how the lock was acquired.
#[must_use]
pub fn report(machine: &Machine) -> Report {
    let names = machine.names();
    let report = machine.report();
    let maker = report.maker;
    Report {
        file: names.lock().into(),
        pid: maker.map_or(0, |maker| maker.pid),
        identity: maker.map_or("", |maker| maker.identity.as_str()).into(),
        claimed: report.claimed,
        evidence: maker.is_some_and(|maker| maker.evidence),
        replaced: report
            .replaced
            .iter()
            .map(|replaced| Replaced {
                file: names.level(replaced.level),
                pid: replaced.pid,
                identity: replaced.claim.map(|claim| claim.as_str().into()),
                reason: replaced.reason.into(),
            })
            .collect(),
        warnings: report
            .warnings
            .iter()
            .map(|warning| self::warning(names, *warning))
            .collect(),
    }
}

fn warning(names: &Names, warning: outcome::Warning) -> Warning {
    let (name, remark) = match warning {
        outcome::Warning::OtherReclaim(pid) => (Some(Name::Level(1)), Remark::OtherReclaim(pid)),
        outcome::Warning::Untidy(Failed {
            operation,
            name,
            code,
        }) => (name, Remark::Untidy(failure(operation, code))),
        outcome::Warning::Unswept => (None, Remark::Unswept),
    };
    let file = file(names, name);
    Warning { file, remark }
}

/// Converts the result of a release.
///
/// # Errors
/// The same.
pub fn released(names: &Names, released: Released) -> Result<(), ReleaseError> {
    released.map_err(|error| {
        let (name, cause) = match error {
            Unreleased::Lost => (Some(Name::Level(0)), ReleaseCause::Lost),
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
///
/// # Errors
/// The same.
pub fn restored(outcome: restore::Outcome) -> Result<Restored, Unrestored> {
    match outcome {
        Ok(restored) => Ok(restored.into()),
        Err(restore::Unrestored::Lost) => Err(Unrestored::Lost),
        Err(restore::Unrestored::Again(after)) => Err(Unrestored::Again(after)),
        Err(restore::Unrestored::Failed(operation, code)) => {
            Err(Unrestored::Failed(failure(operation, code)))
        }
    }
}

/// Converts the result of a look at the claims of others.
///
/// # Errors
/// The same.
pub fn rivals(outcome: rivals::Outcome) -> Result<Vec<String>, Failure> {
    match outcome {
        Ok(rivals) => Ok(rivals.iter().map(|it| it.as_str().into()).collect()),
        Err(failed) => Err(failure(failed.operation, failed.code)),
    }
}

/// Converts one of the lock's files, at this level.
#[must_use]
pub fn occupied(names: &Names, level: u8, found: &Found) -> Occupied {
    Occupied {
        file: names.level(level),
        holder: holder(found),
    }
}

/// Converts the result of an inspection, which has found these files.
///
/// # Errors
/// The same.
pub fn inspected(
    names: &Names,
    files: Vec<Occupied>,
    inspected: Inspected,
) -> Result<Status, InspectError> {
    match inspected {
        Ok(inspect::Status { state, evidence }) => Ok(Status {
            state: state.into(),
            files,
            evidence,
        }),
        Err(unjudged) => {
            let (name, cause) = match unjudged {
                Unjudged::NotALock(what) => (LOCK, InspectCause::NotALock(what.into())),
                Unjudged::Failed(operation, code) => (
                    LOCK.filter(|_| operation != outcome::Operation::List),
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

/// Converts a failed operation on a file.
fn failure(operation: outcome::Operation, code: facts::ErrorCode) -> Failure {
    Failure {
        operation: operation.into(),
        code: code.into(),
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
        liveness: found.liveness.into(),
    }
}
