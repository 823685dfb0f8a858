//! What the machine can ask its driver to do, and what it can be answered.
//!
//! Each call is one operation on the directory or one question to the host. Nothing here does more than that,
//! because whatever is one step here is one step in the proof.

use alloc::{string::String, vec::Vec};

use crate::{
    facts::{Datetime, DescriptorType, ErrorCode, Liveness},
    names::{Identity, Name},
};

/// A file apart from its names: no two files that exist at one time share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileId(pub u64, pub u64);

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

/// Who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Maker {
    /// The number that goes into the lock file.
    pub pid: u32,
    /// The identity that goes into the claim's name.
    pub identity: Identity,
    /// Whether the host will keep evidence.
    pub evidence: bool,
}

/// Whose life is in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The maker of the claim that the file is.
    Maker(Identity),
    /// Whoever wrote this number into a file without a claim.
    Pid(u32),
    /// The file names nobody.
    Nobody,
}

/// A file that we made and have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ours {
    /// Our claim.
    Claim,
    /// The one that was made in place at this level.
    At(u8),
}

/// A part of a directory's listing: a bounded number of claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Listed {
    /// The identities in the claims' names, in no order.
    pub claims: Vec<Identity>,
    /// Why an entry could not be looked at, if there is such an entry: a claim may be missing.
    pub missed: Option<ErrorCode>,
    /// Whether there may be more: then [`Call::ListOn`] answers the next part.
    pub more: bool,
}

/// One step that the machine asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Ask the host who we are. Answered by [`Reply::Maker`] or [`Reply::Refused`].
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
    /// Make a file of ours that was made in place name nobody, wherever its name is by now. Answered by
    /// [`Reply::Done`].
    Disown {
        /// The level it was made at.
        level: u8,
    },
    /// Look at the open claim. Answered by [`Reply::Stat`].
    StatClaim,
    /// Look at a file by its name, without following a link. Answered by [`Reply::Stat`].
    Stat {
        /// Which.
        name: Name,
    },
    /// Open a file for reading in place of the one that was open before, without following a link. Answered by
    /// [`Reply::Id`].
    Open {
        /// Which.
        name: Name,
    },
    /// Read the open file from its start, a byte more than the longest lock file. Answered by [`Reply::Bytes`].
    Read,
    /// Look at the open file. Answered by [`Reply::Stat`].
    StatOpen,
    /// Ask the host who has a pid now. Answered by [`Reply::Identity`].
    Identify {
        /// The pid.
        pid: u32,
    },
    /// Which file has this name, not following a link? Answered by [`Reply::Id`].
    Id {
        /// The name.
        name: Name,
    },
    /// Read the directory from its start. Answered by [`Reply::Listed`], with the first claims on this lock, of any maker.
    List,
    /// Read on in the directory, after an answer that there is more. Answered by [`Reply::Listed`].
    ListOn,
    /// Ask the host about the owner of the open file. Answered by [`Reply::Liveness`].
    Ask {
        /// The owner.
        owner: Owner,
    },
    /// Ask the host about the maker of a file that may not be opened, from the directory. Answered by [`Reply::Liveness`].
    AskUnread {
        /// The maker, by the claim that is the file.
        maker: Identity,
    },
    /// Keep the open file open until the attempt ends, so that its [`FileId`] cannot come back as another file's.
    /// Answered by [`Reply::Done`].
    Keep {
        /// The level it was found at.
        level: u8,
    },
    /// Give the claim that was created last a further name, which must not exist. Answered by [`Reply::Done`].
    Link {
        /// The further name.
        name: Name,
    },
    /// Give our claim, which is open and was left without this name, the name again. It must not exist. Answered by
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

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It is done.
    Done,
    /// It failed.
    Failed(ErrorCode),
    /// The host will not: its sentence.
    Refused(String),
    /// Somebody is looking at our claim at this moment.
    Probed,
    /// Who we are.
    Maker(Maker),
    /// Which file it is.
    Id(FileId),
    /// What the file looks like.
    Stat(FileStat),
    /// What is in it.
    Bytes(Vec<u8>),
    /// Who has that pid, if anybody.
    Identity(Option<Identity>),
    /// A part of what is in the directory.
    Listed(Listed),
    /// What the host knows.
    Liveness(Liveness),
}

impl Reply {
    /// The failure in a reply that carries nothing that was asked for. A reply that answers another call is taken
    /// for an invalid one, so that a driver gone wrong ends an attempt and never makes an owner.
    #[must_use]
    pub fn failure(self) -> ErrorCode {
        match self {
            Reply::Failed(code) => code,
            _ => ErrorCode::Invalid,
        }
    }

    /// Whether the call was done.
    ///
    /// # Errors
    /// Why not.
    pub fn done(self) -> Result<(), ErrorCode> {
        match self {
            Reply::Done => Ok(()),
            other => Err(other.failure()),
        }
    }

    /// Which file it is.
    ///
    /// # Errors
    /// Why that cannot be said.
    pub fn id(self) -> Result<FileId, ErrorCode> {
        match self {
            Reply::Id(id) => Ok(id),
            other => Err(other.failure()),
        }
    }

    /// What is in the directory.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn listed(self) -> Result<Listed, ErrorCode> {
        match self {
            Reply::Listed(listed) => Ok(listed),
            other => Err(other.failure()),
        }
    }

    /// What the file looks like.
    ///
    /// # Errors
    /// Why that cannot be said.
    pub fn stat(self) -> Result<FileStat, ErrorCode> {
        match self {
            Reply::Stat(stat) => Ok(stat),
            other => Err(other.failure()),
        }
    }
}

/// How a whole part of the machine goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// With this, and then with its reply.
    Call(Call),
    /// It has come to an end.
    End(T),
}
