//! The outcome of an attempt, and its warnings.
//!
//! Files are named by [`Name`]. The component's contract has their names as text.

use crate::{
    facts::{DeadReason, DescriptorType, ErrorCode},
    names::{DEEPEST, Identity, Name},
};

/// The outcome of an attempt; `Ok` is the lock, which [`Machine::report`](super::Machine::report) describes.
pub type Outcome = Result<(), Error>;

/// An operation on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Creating it.
    Create,
    /// Writing it.
    Write,
    /// Reading its type, size, times or id.
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
    /// The operation.
    pub operation: Operation,
    /// The file; `None` for the directory.
    pub name: Option<Name>,
    /// The reason.
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

    /// Returns the failure to examine a level, or to list the directory for it.
    pub(super) fn to_see(operation: Operation, level: u8, code: ErrorCode) -> Self {
        Self {
            operation,
            name: (operation != Operation::List).then_some(Name::Level(level)),
            code,
        }
    }
}

/// What stands where a lock file should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotALock {
    /// A file that is not a regular file.
    Kind(DescriptorType),
    /// A file that is longer than any lock file, with its length in bytes.
    Size(u64),
}

/// The holder's activity when an attempt was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occupation {
    /// It had the lock.
    Owning,
    /// It was replacing a dead owner's lock, or is another program that has a reclaim lock.
    Reclaiming,
    /// It took the lock while this attempt was about to replace the dead owner's.
    Overtaking,
}

/// The event that an attempt waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// A malformed file may be between its creation and its first write.
    Settling,
    /// Another program may be about to remove the lock file.
    OtherReclaim,
    /// The owner may be putting its lock file back.
    Owner,
    /// The owner's session is gone, and is being watched.
    Session,
}

impl Awaited {
    /// Returns when to try again, in milliseconds from now.
    #[must_use]
    pub fn retry_ms(self) -> u32 {
        match self {
            Awaited::Settling => 100,
            Awaited::OtherReclaim => 20,
            Awaited::Owner => 1,
            Awaited::Session => 1_000,
        }
    }
}

/// Why an attempt has no lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// An owner that may be alive has the file: the one that the attempt examined last.
    Held(Occupation),
    /// The attempt has to go on later.
    Again(Awaited),
    /// Other processes interfered too often, or for too long.
    Contended,
    /// The file is not a lock file.
    NotALock(NotALock),
    /// More reclaims have crashed inside each other than are followed.
    TooDeep,
    /// An operation failed.
    Failed(Operation, ErrorCode),
    /// The host refused; [`Machine::refused`](super::Machine::refused) has its message.
    Host,
    /// The name is not a lock name.
    BadName,
    /// The attempt had ended before.
    Ended,
}

/// The outcome of an attempt without a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Error {
    /// The file concerned; `None` for the directory, and where no file is concerned.
    pub name: Option<Name>,
    /// Why the attempt has no lock.
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
    /// A user named its owner as dead.
    AssumedDead,
}

/// A dead owner's file that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Replaced {
    /// The level at which it stood.
    pub level: u8,
    /// The number that it held.
    pub pid: Option<u32>,
    /// The identity in the claim that was the same file.
    pub claim: Option<Identity>,
    /// Why it could be removed.
    pub reason: ReplacedReason,
}

/// A failure that does not cost the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Warning {
    /// Another program's reclaim lock, with its pid, stayed.
    OtherReclaim(Option<u32>),
    /// A file could not be removed.
    Untidy(Failure),
    /// There were too many claims to examine them all.
    Unswept,
}

#[cfg(test)]
mod tests {
    use super::Awaited;

    #[test]
    fn what_ends_sooner_is_looked_at_sooner() {
        let waits = [
            Awaited::Owner,
            Awaited::OtherReclaim,
            Awaited::Settling,
            Awaited::Session,
        ];
        let waits = waits.map(Awaited::retry_ms);
        assert!(waits.is_sorted_by(|sooner, later| sooner < later));
        assert!(waits[0] > 0);
    }
}
