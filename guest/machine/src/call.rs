//! The calls that the machine can make of its driver, and the replies.
//!
//! Each call is one operation on the directory or one question to the host, and no more: one call is one step in the
//! proof.

use alloc::{string::String, vec::Vec};

use crate::{
    facts::{Datetime, DescriptorType, ErrorCode, Liveness},
    names::{Identity, Name},
};

/// The identity of a file apart from its names: no two files that exist at the same time share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileId(pub u64, pub u64);

impl FileId {
    /// A file of which nothing is known, except that it is not the one that it was compared with.
    const ANOTHER: Self = Self(u64::MAX, u64::MAX);
}

/// What is known about a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileStat {
    /// Its type.
    pub kind: DescriptorType,
    /// Its length in bytes.
    pub size: u64,
    /// How many names it has.
    pub links: u64,
    /// When it was last written.
    pub modified: Option<Datetime>,
}

/// This process, as the host names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Maker {
    /// The number that goes into the lock file.
    pub pid: u32,
    /// The identity that goes into the claim's name.
    pub identity: Identity,
    /// Whether the host will keep evidence.
    pub evidence: bool,
    /// Whether it has a session at a coordinator, which only a claim names.
    pub session: bool,
}

/// The owner that the host is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The maker of the claim that the file is.
    Maker(Identity),
    /// The process that wrote this number into a file without a claim.
    Pid(u32),
    /// The file names no owner.
    Nobody,
}

/// A file that we made and have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ours {
    /// Our claim.
    Claim,
    /// The file made in place at this level.
    At(u8),
}

/// A file that a name is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Known {
    /// A file of ours. If the name is its own, it has this many names at least.
    Ours {
        /// The claim, and what was linked to it; none if the file was made in place.
        names: u8,
    },
    /// The open file.
    Open,
}

/// A part of a directory's listing: a bounded number of claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Listed {
    /// The identities in the claims' names, in no order.
    pub claims: Vec<Identity>,
    /// Whether a reclaim lock is among the names.
    pub reclaims: bool,
    /// Why an entry could not be examined, if there is such an entry: a claim may be missing.
    pub missed: Option<ErrorCode>,
    /// Whether there may be more entries: then [`Call::ListOn`] returns the next part.
    pub more: bool,
}

/// One step that the machine asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Ask the host for this process's pid and identity. Answered by [`Reply::Maker`] or [`Reply::Refused`].
    Current {
        /// Which of our attempts in this directory.
        attempt: u32,
    },
    /// Create our claim exclusively and keep it open. Answered by [`Reply::Id`].
    Create {
        /// Our identity.
        claim: Identity,
    },
    /// Create a lock file exclusively, empty, in place, and keep it open. Answered by [`Reply::Id`].
    Make {
        /// The level to make it at.
        level: u8,
    },
    /// Hand an open file of ours to the host, and keep the evidence. Answered by [`Reply::Done`], [`Reply::Probed`] or
    /// [`Reply::Refused`].
    Guard {
        /// Which.
        file: Ours,
    },
    /// Write our pid into an open file of ours. Answered by [`Reply::Done`].
    Write {
        /// Which.
        file: Ours,
        /// Our pid.
        pid: u32,
    },
    /// Overwrite a file of ours that was made in place so that it names no owner, wherever its name is by now. Answered
    /// by [`Reply::Done`].
    Disown {
        /// The level it was made at.
        level: u8,
    },
    /// Stat the open claim. Answered by [`Reply::Stat`].
    StatClaim,
    /// Stat a file by its name, without following a link. Answered by [`Reply::Stat`].
    Stat {
        /// Which.
        name: Name,
    },
    /// Open a file for reading, without following a link, and close the one that was open before. Answered by
    /// [`Reply::Id`].
    Open {
        /// Which.
        name: Name,
    },
    /// Read the open file from its start, up to one byte more than the longest lock file. Answered by [`Reply::Bytes`].
    Read,
    /// Stat the open file. Answered by [`Reply::Stat`].
    StatOpen,
    /// Ask the host which process has a pid now. Answered by [`Reply::Identity`].
    Identify {
        /// The pid.
        pid: u32,
    },
    /// Return which file has this name, without following a link. Answered by [`Reply::Id`].
    Id {
        /// The name.
        name: Name,
    },
    /// Return which file has this name, as [`Call::Id`] does. If this file seems to have it, find out by opening it, and by
    /// more than its number. Answered by [`Reply::Id`], or [`Reply::Differs`].
    ///
    /// A client of a share may answer from its cache, with the number of a file that another machine has removed, and that
    /// is another file's number by now. It asks the server when it opens a file. Some keep the number nevertheless: Linux
    /// does on 9P, while a process has a file of that name open. How many names a file has, and what is in it, is the
    /// server's answer there too.
    Same {
        /// The name.
        name: Name,
        /// The number of the file.
        file: FileId,
        /// Which file it is.
        known: Known,
    },
    /// Read the directory from its start. Answered by [`Reply::Listed`], with the first claims on this lock, of any maker.
    List,
    /// Read on in the directory, after a reply that there is more. Answered by [`Reply::Listed`].
    ListOn,
    /// Ask the host about the owner of the open file. Answered by [`Reply::Liveness`].
    Ask {
        /// The owner.
        owner: Owner,
    },
    /// Ask the host, with the directory, about the maker of a file that may not be opened. Answered by
    /// [`Reply::Liveness`].
    AskUnread {
        /// The maker, by the claim that is the file.
        maker: Identity,
    },
    /// Keep the open file open until the attempt ends, so that no other file can get its [`FileId`]. Answered by
    /// [`Reply::Done`].
    Keep {
        /// The level it was found at.
        level: u8,
    },
    /// Give the claim that was created last a further name, which must not exist. Answered by [`Reply::Done`].
    Link {
        /// The further name.
        name: Name,
    },
    /// Give our open claim this name again, after the name was lost. The name must not exist. Answered by
    /// [`Reply::Done`].
    LinkOpen {
        /// Our identity.
        claim: Identity,
    },
    /// Remove a name. Answered by [`Reply::Done`].
    Unlink {
        /// Which.
        name: Name,
    },
    /// Give up the evidence, then close the files of ours. Answered by [`Reply::Done`].
    Forget,
}

impl Call {
    /// Asks whether a name is this file's.
    #[must_use]
    // Inlined, it would cost the component a kilobyte and a half.
    #[inline(never)]
    pub fn compare(name: Name, file: FileId, known: Known, evidence: bool) -> Self {
        // A kernel that keeps evidence is the only one that changes the directory.
        match evidence {
            true => Self::Id { name },
            false => Self::Same { name, file, known },
        }
    }
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It is done.
    Done,
    /// It failed.
    Failed(ErrorCode),
    /// The host refused, with this message.
    Refused(String),
    /// Another process is probing our claim at this moment.
    Probed,
    /// This process's pid and identity.
    Maker(Maker),
    /// Which file it is.
    Id(FileId),
    /// The name's file has the number of the file that it was compared with, and is another one.
    Differs,
    /// The file's status.
    Stat(FileStat),
    /// The file's content.
    Bytes(Vec<u8>),
    /// The identity of the process with that pid, if there is one.
    Identity(Option<Identity>),
    /// A part of the directory's listing.
    Listed(Listed),
    /// What the host knows about the owner.
    Liveness(Liveness),
}

impl Reply {
    /// Returns the failure in a reply that does not carry the expected value. A reply to another call counts as
    /// invalid: a faulty driver ends an attempt, and never makes an owner.
    #[must_use]
    pub fn failure(self) -> ErrorCode {
        match self {
            Reply::Failed(code) => code,
            _ => ErrorCode::Invalid,
        }
    }

    /// Returns whether the call was done.
    ///
    /// # Errors
    /// Why it was not.
    pub fn done(self) -> Result<(), ErrorCode> {
        match self {
            Reply::Done => Ok(()),
            other => Err(other.failure()),
        }
    }

    /// Returns which file it is.
    ///
    /// # Errors
    /// Why that is unknown.
    pub fn id(self) -> Result<FileId, ErrorCode> {
        match self {
            Reply::Id(id) => Ok(id),
            Reply::Differs => Ok(FileId::ANOTHER),
            other => Err(other.failure()),
        }
    }

    /// Returns the directory's listing.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn listed(self) -> Result<Listed, ErrorCode> {
        match self {
            Reply::Listed(listed) => Ok(listed),
            other => Err(other.failure()),
        }
    }

    /// Returns the file's status.
    ///
    /// # Errors
    /// Why that is unknown.
    pub fn stat(self) -> Result<FileStat, ErrorCode> {
        match self {
            Reply::Stat(stat) => Ok(stat),
            other => Err(other.failure()),
        }
    }
}

/// The next action of a part of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// Make this call, then hand in its reply.
    Call(Call),
    /// The part has ended.
    End(T),
}
