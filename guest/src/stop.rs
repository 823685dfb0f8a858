//! What ends an attempt, in the machine's own small words; the contract's, with names of files, are made of these
//! when it is over.

use crate::{
    contract::{
        self, Awaited, Error, ErrorCode, Foreign, NotALock, Occupation, Operation, Refusal,
        ReplacedReason, Waiting,
    },
    examine::Found,
    lockfile::{DEEPEST, Name, Names},
};

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
    /// Of an operation on a file.
    #[must_use]
    pub fn of(operation: Operation, name: Name, code: ErrorCode) -> Self {
        Self {
            operation,
            name: Some(name),
            code,
        }
    }

    /// In the contract's words.
    #[must_use]
    pub fn tell(&self, names: &Names) -> contract::Failure {
        contract::Failure {
            operation: self.operation,
            file: self.name.map(|name| names.file(&name)).unwrap_or_default(),
            code: self.code,
        }
    }
}

/// Why an attempt stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// Somebody who may be alive has the file at this level.
    Held(u8, Found, Occupation),
    /// It is to go on later, and waits for the file at this level.
    Again(Awaited, u8),
    /// Others came in between too often, at this level.
    Contended(u8),
    /// What is at this level is no lock file.
    NotALock(u8, NotALock),
    /// Too many levels.
    TooDeep,
    /// An operation failed.
    Failed(Failure),
    /// The host refused.
    Host,
    /// The lock's name is none.
    BadName,
    /// It had ended before.
    Ended,
}

impl Stop {
    /// In the contract's words; `host` are the host's, if it was the host.
    #[must_use]
    pub fn tell(&self, names: &Names, host: &str) -> Error {
        match *self {
            Stop::Held(level, found, occupation) => Error::Held(Refusal {
                holder: found.holder(names.level(level)),
                occupation,
            }),
            Stop::Again(awaited, level) => Error::Again(Waiting {
                awaited,
                file: names.level(level),
                retry_ms: match awaited {
                    Awaited::Settling => 100,
                    Awaited::OtherReclaim => 20,
                },
            }),
            Stop::Contended(level) => Error::Contended(names.level(level)),
            Stop::NotALock(level, what) => Error::NotALock(Foreign {
                file: names.level(level),
                what,
            }),
            Stop::TooDeep => Error::TooDeep(names.level(DEEPEST)),
            Stop::Failed(failure) => Error::Failed(failure.tell(names)),
            Stop::Host => Error::Host(host.into()),
            Stop::BadName => Error::BadName(names.level(0)),
            Stop::Ended => Error::Ended,
        }
    }
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

impl Replaced {
    /// In the contract's words.
    #[must_use]
    pub fn tell(&self, names: &Names) -> contract::Replaced {
        contract::Replaced {
            file: names.level(self.level),
            pid: self.pid,
            reason: self.reason,
        }
    }
}

/// Something that does not cost the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Warning {
    /// Another program's reclaim lock, with its pid, stayed.
    OtherReclaim(Option<u32>),
    /// Something could not be tidied away.
    Untidy(Failure),
}

impl Warning {
    /// In the contract's words.
    #[must_use]
    pub fn tell(&self, names: &Names) -> contract::Warning {
        match self {
            Warning::OtherReclaim(pid) => contract::Warning::OtherReclaim(*pid),
            Warning::Untidy(failure) => contract::Warning::Untidy(failure.tell(names)),
        }
    }
}
