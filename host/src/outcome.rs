//! The results that a backend reports, in this library's own types: neither of the contract nor of the machine.
//!
//! Each type has the cases that the interface `lockfile` in `wit/` has under the same name. So either backend converts
//! its results to these, and `lock/` knows neither backend.

pub(crate) mod cause;
pub(crate) mod error_code;

use std::{sync::Arc, time::Instant};

pub(crate) use self::error_code::ErrorCode;
use crate::{
    member::Member,
    process::{
        liveness::{DeadReason, Liveness},
        mode::Mode,
    },
};

/// The longest identity that the contract permits, in bytes.
pub(crate) const IDENTITY: usize = 128;

/// Returns an identity to be assumed dead. A longer text than any identity means no owner, and is not copied.
pub(crate) fn assumed(identity: Option<String>) -> Option<String> {
    identity.filter(|it| it.len() <= IDENTITY)
}

/// Returns how long something has been under way, in milliseconds as a backend counts.
pub(crate) fn elapsed(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The options of an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The lock file's name.
    pub(crate) name: String,
    /// The owner that counts as dead.
    pub(crate) assume_dead: Option<String>,
    /// The mode of the lock's files.
    pub(crate) mode: Mode,
    /// The session of this process, if it has one at a coordinator.
    pub(crate) member: Option<Arc<Member>>,
}

/// An operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) operation: Operation,
    pub(crate) code: ErrorCode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Write,
    Stat,
    Open,
    Read,
    List,
    Link,
    Remove,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DescriptorType {
    Unknown,
    BlockDevice,
    CharacterDevice,
    Directory,
    Fifo,
    SymbolicLink,
    RegularFile,
    Socket,
}

/// What is at the lock's name and is no lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotALock {
    /// By its type.
    Kind(DescriptorType),
    /// By its size, in bytes.
    Size(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Datetime {
    pub(crate) seconds: u64,
    pub(crate) nanoseconds: u32,
}

/// The owner that a lock file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) pid: Option<u32>,
    pub(crate) identity: Option<String>,
    pub(crate) claimed: bool,
    pub(crate) since: Option<Datetime>,
    pub(crate) liveness: Liveness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occupation {
    Owning,
    Reclaiming,
    Overtaking,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) holder: Holder,
    pub(crate) occupation: Occupation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    Settling,
    OtherReclaim,
    Owner,
    Session,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) awaited: Awaited,
    pub(crate) retry_ms: u32,
}

/// The reason why an attempt has no lock. `file` is empty for the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) file: String,
    pub(crate) cause: Cause,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Held(Refusal),
    Again(Waiting),
    Contended,
    NotALock(NotALock),
    TooDeep,
    Failed(Failure),
    Host(String),
    BadName,
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplacedReason {
    Dead(DeadReason),
    Malformed,
    AssumedDead,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub(crate) file: String,
    pub(crate) pid: Option<u32>,
    pub(crate) identity: Option<String>,
    pub(crate) reason: ReplacedReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remark {
    OtherReclaim(Option<u32>),
    Untidy(Failure),
    Unswept,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    pub(crate) file: String,
    pub(crate) remark: Remark,
}

/// How a lock was acquired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) file: String,
    pub(crate) pid: u32,
    pub(crate) identity: String,
    pub(crate) claimed: bool,
    pub(crate) evidence: bool,
    pub(crate) replaced: Vec<Replaced>,
    pub(crate) warnings: Vec<Warning>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReleaseCause {
    Lost,
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReleaseError {
    pub(crate) file: String,
    pub(crate) cause: ReleaseCause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restored {
    Intact,
    Claim,
    Linked,
    Anew,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unrestored {
    Lost,
    /// After so many milliseconds.
    Again(u32),
    Failed(Failure),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Free,
    Held,
    Unknown,
    Stale,
    Malformed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occupied {
    pub(crate) file: String,
    pub(crate) holder: Holder,
}

/// A lock, judged and not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) state: State,
    pub(crate) files: Vec<Occupied>,
    pub(crate) evidence: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InspectCause {
    NotALock(NotALock),
    Failed(Failure),
    BadName,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InspectError {
    pub(crate) file: String,
    pub(crate) cause: InspectCause,
}
