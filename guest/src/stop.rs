//! What ends an attempt, in the machine's own small words; the contract's, with names of files, are made of these
//! when it is over.

use alloc::string::String;

use crate::{
    contract::{
        self, Awaited, Cause, Error, ErrorCode, NotALock, Occupation, Operation, Refusal, Remark,
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

    /// In the contract's words, which leave the file to what is around them.
    #[must_use]
    pub fn tell(&self) -> contract::Failure {
        contract::Failure {
            operation: self.operation,
            code: self.code,
        }
    }

    /// The file, in the contract's words: nothing for the directory.
    #[must_use]
    pub fn file(&self, names: &Names) -> String {
        match &self.name {
            Some(name) => names.file(name),
            None => String::new(),
        }
    }
}

/// Why an attempt stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// Somebody who may be alive has the file at this level, which is the last that was looked at.
    Held(u8, Occupation),
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
    /// In the contract's words; `found` is the last file that was looked at, `host` are the host's words, if it was
    /// the host.
    #[must_use]
    pub fn tell(&self, names: &Names, found: &Found, host: &str) -> Error {
        let file = match self {
            Stop::Held(level, ..)
            | Stop::Again(_, level)
            | Stop::Contended(level)
            | Stop::NotALock(level, _) => names.level(*level),
            Stop::TooDeep => names.level(DEEPEST),
            Stop::BadName => names.level(0),
            Stop::Failed(failure) => failure.file(names),
            Stop::Host | Stop::Ended => String::new(),
        };
        let cause = match *self {
            Stop::Held(_, occupation) => Cause::Held(Refusal {
                holder: found.holder(),
                occupation,
            }),
            Stop::Again(awaited, _) => Cause::Again(Waiting {
                awaited,
                retry_ms: match awaited {
                    Awaited::Settling => 100,
                    Awaited::OtherReclaim => 20,
                    Awaited::Owner => 1,
                },
            }),
            Stop::Contended(_) => Cause::Contended,
            Stop::NotALock(_, what) => Cause::NotALock(what),
            Stop::TooDeep => Cause::TooDeep,
            Stop::Failed(failure) => Cause::Failed(failure.tell()),
            Stop::Host => Cause::Host(host.into()),
            Stop::BadName => Cause::BadName,
            Stop::Ended => Cause::Ended,
        };
        Error { file, cause }
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
    /// There were too many claims to look at all of them.
    Unswept,
}

impl Warning {
    /// In the contract's words.
    #[must_use]
    pub fn tell(&self, names: &Names) -> contract::Warning {
        match self {
            Warning::OtherReclaim(pid) => contract::Warning {
                file: names.level(1),
                remark: Remark::OtherReclaim(*pid),
            },
            Warning::Untidy(failure) => contract::Warning {
                file: failure.file(names),
                remark: Remark::Untidy(failure.tell()),
            },
            Warning::Unswept => contract::Warning {
                file: String::new(),
                remark: Remark::Unswept,
            },
        }
    }
}
