//! The contract's types of `lockfile`, made this library's own. A case that is missing does not compile.

use crate::{bindings::direct::lockfile as wit, outcome};

/// Converts cases of the contract to the cases of the same name.
macro_rules! cases {
    ($($name:ident: $($case:ident),+;)+) => {$(
        impl From<wit::$name> for outcome::$name {
            fn from(wire: wit::$name) -> Self {
                match wire {
                    $(wit::$name::$case => Self::$case,)+
                }
            }
        }
    )+};
}

cases! {
    Occupation: Owning, Reclaiming, Overtaking;
    Awaited: Settling, OtherReclaim, Owner, Session;
    Restored: Intact, Claim, Linked, Anew;
    State: Free, Held, Unknown, Stale, Malformed;
}

/// Converts records of the contract to the records with the same fields.
macro_rules! records {
    ($($name:ident: $($field:ident),+;)+) => {$(
        impl From<wit::$name> for outcome::$name {
            fn from(wire: wit::$name) -> Self {
                Self { $($field: wire.$field.into(),)+ }
            }
        }
    )+};
}

records! {
    Refusal: holder, occupation;
    Waiting: awaited, retry_ms;
    Error: file, cause;
    Replaced: file, pid, identity, reason;
    Warning: file, remark;
    ReleaseError: file, cause;
    Occupied: file, holder;
    InspectError: file, cause;
}

impl From<wit::Failure> for outcome::Failure {
    fn from(wire: wit::Failure) -> Self {
        Self {
            operation: wire.operation.into(),
            code: wire.code.into(),
        }
    }
}

impl From<wit::NotALock> for outcome::NotALock {
    fn from(wire: wit::NotALock) -> Self {
        match wire {
            wit::NotALock::Kind(kind) => Self::Kind(kind.into()),
            wit::NotALock::Size(size) => Self::Size(size),
        }
    }
}

impl From<wit::Holder> for outcome::Holder {
    fn from(wire: wit::Holder) -> Self {
        Self {
            pid: wire.pid,
            identity: wire.identity,
            claimed: wire.claimed,
            since: wire.since.map(|time| outcome::Datetime {
                seconds: time.seconds,
                nanoseconds: time.nanoseconds,
            }),
            liveness: wire.liveness.into(),
        }
    }
}

impl From<wit::Cause> for outcome::Cause {
    fn from(wire: wit::Cause) -> Self {
        match wire {
            wit::Cause::Held(refusal) => Self::Held(refusal.into()),
            wit::Cause::Again(waiting) => Self::Again(waiting.into()),
            wit::Cause::Contended => Self::Contended,
            wit::Cause::NotALock(what) => Self::NotALock(what.into()),
            wit::Cause::TooDeep => Self::TooDeep,
            wit::Cause::Failed(failure) => Self::Failed(failure.into()),
            wit::Cause::Host(why) => Self::Host(why),
            wit::Cause::BadName => Self::BadName,
            wit::Cause::Ended => Self::Ended,
        }
    }
}

impl From<wit::ReplacedReason> for outcome::ReplacedReason {
    fn from(wire: wit::ReplacedReason) -> Self {
        match wire {
            wit::ReplacedReason::Dead(reason) => Self::Dead(reason.into()),
            wit::ReplacedReason::Malformed => Self::Malformed,
            wit::ReplacedReason::AssumedDead => Self::AssumedDead,
        }
    }
}

impl From<wit::Remark> for outcome::Remark {
    fn from(wire: wit::Remark) -> Self {
        match wire {
            wit::Remark::OtherReclaim(pid) => Self::OtherReclaim(pid),
            wit::Remark::Untidy(failure) => Self::Untidy(failure.into()),
            wit::Remark::Unswept => Self::Unswept,
        }
    }
}

impl From<wit::Report> for outcome::Report {
    fn from(wire: wit::Report) -> Self {
        Self {
            file: wire.file,
            pid: wire.pid,
            identity: wire.identity,
            claimed: wire.claimed,
            evidence: wire.evidence,
            replaced: wire.replaced.into_iter().map(Into::into).collect(),
            warnings: wire.warnings.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wit::ReleaseCause> for outcome::ReleaseCause {
    fn from(wire: wit::ReleaseCause) -> Self {
        match wire {
            wit::ReleaseCause::Lost => Self::Lost,
            wit::ReleaseCause::Failed(failure) => Self::Failed(failure.into()),
        }
    }
}

impl From<wit::Unrestored> for outcome::Unrestored {
    fn from(wire: wit::Unrestored) -> Self {
        match wire {
            wit::Unrestored::Lost => Self::Lost,
            wit::Unrestored::Again(after) => Self::Again(after),
            wit::Unrestored::Failed(failure) => Self::Failed(failure.into()),
        }
    }
}

impl From<wit::Status> for outcome::Status {
    fn from(wire: wit::Status) -> Self {
        Self {
            state: wire.state.into(),
            files: wire.files.into_iter().map(Into::into).collect(),
            evidence: wire.evidence,
        }
    }
}

impl From<wit::InspectCause> for outcome::InspectCause {
    fn from(wire: wit::InspectCause) -> Self {
        match wire {
            wit::InspectCause::NotALock(what) => Self::NotALock(what.into()),
            wit::InspectCause::Failed(failure) => Self::Failed(failure.into()),
            wit::InspectCause::BadName => Self::BadName,
        }
    }
}
