//! What an attempt comes to, and what it reports beside.
//!
//! Files are named by [`Name`]. The contract of the component has their names as text.

use crate::{
    facts::{DeadReason, DescriptorType, ErrorCode},
    names::{DEEPEST, Name},
};

/// What an attempt comes to; `Ok` is the lock, which [`Machine::report`](super::Machine::report) describes.
pub type Outcome = Result<(), Error>;

/// An operation on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Creating it.
    Create,
    /// Writing it.
    Write,
    /// Asking for its type, size, times or identity.
    Stat,
    /// Opening it.
    Open,
    /// Reading it.
    Read,
    /// Reading the directory.
    List,
    /// Giving it a further name.
    Link,
    /// Removing it.
    Remove,
}

/// An operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Which.
    pub operation: Operation,
    /// On which file; `None` for the directory.
    pub name: Option<Name>,
    /// Why.
    pub code: ErrorCode,
}

impl Failure {
    /// Returns the failure of an operation on a file.
    #[must_use]
    pub fn of(operation: Operation, name: Name, code: ErrorCode) -> Self {
        Self {
            operation,
            name: Some(name),
            code,
        }
    }

    /// Returns the failure to look at a level, or to list the directory on the way.
    pub(super) fn to_see(operation: Operation, level: u8, code: ErrorCode) -> Self {
        Self {
            operation,
            name: (operation != Operation::List).then_some(Name::Level(level)),
            code,
        }
    }
}

/// What a file is that stands where a lock file should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotALock {
    /// It is no regular file.
    Kind(DescriptorType),
    /// It is longer than any lock file: so many bytes.
    Size(u64),
}

/// What the holder was doing when an attempt was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occupation {
    /// It had the lock.
    Owning,
    /// It was replacing a dead lock, or is another program that has a reclaim lock.
    Reclaiming,
    /// It took the lock while this attempt was about to replace the dead one.
    Overtaking,
}

/// What an attempt waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// A malformed file may be between its creation and its first write.
    Settling,
    /// Another program may be about to remove the lock file.
    OtherReclaim,
    /// The owner may be putting its lock file back.
    Owner,
}

impl Awaited {
    /// Returns when it is worth trying again, in milliseconds from now.
    #[must_use]
    pub fn retry_ms(self) -> u32 {
        match self {
            Awaited::Settling => 100,
            Awaited::OtherReclaim => 20,
            Awaited::Owner => 1,
        }
    }
}

/// Why there is no lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// An owner that may be alive has the file: the one that the attempt looked at last.
    Held(Occupation),
    /// The attempt is to go on later.
    Again(Awaited),
    /// Other processes came in between too often, or for too long.
    Contended,
    /// The file is no lock file.
    NotALock(NotALock),
    /// More reclaims have crashed inside each other than are followed.
    TooDeep,
    /// An operation failed.
    Failed(Operation, ErrorCode),
    /// The host refused; [`Machine::refused`](super::Machine::refused) has its sentence.
    Host,
    /// The lock's name is none for a lock.
    BadName,
    /// The attempt had ended before.
    Ended,
}

/// What comes of an attempt instead of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Error {
    /// The file that it is about; `None` for the directory, and where it is about no file.
    pub name: Option<Name>,
    /// Why there is no lock.
    pub cause: Cause,
}

impl Error {
    pub(super) fn at(level: u8, cause: Cause) -> Self {
        Self {
            name: Some(Name::Level(level)),
            cause,
        }
    }

    pub(super) const fn without_file(cause: Cause) -> Self {
        Self { name: None, cause }
    }

    pub(super) fn too_deep() -> Self {
        Self::at(DEEPEST, Cause::TooDeep)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self {
            name: failure.name,
            cause: Cause::Failed(failure.operation, failure.code),
        }
    }
}

/// Why a file was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplacedReason {
    /// Its owner was dead.
    Dead(DeadReason),
    /// It was malformed, and had settled.
    Malformed,
    /// A person named its owner as dead.
    AssumedDead,
}

/// A dead file that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Replaced {
    /// Where it was.
    pub level: u8,
    /// The number that it held.
    pub pid: Option<u32>,
    /// Why it could be removed.
    pub reason: ReplacedReason,
}

/// Something that does not cost the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Warning {
    /// Another program's reclaim lock, with its pid, stayed.
    OtherReclaim(Option<u32>),
    /// Something could not be tidied away.
    Untidy(Failure),
    /// There were too many claims to look at all of them.
    Unswept,
}
