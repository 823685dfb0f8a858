//! One step of a process in small numbers, and its result.

use lockhost_machine::{
    call::{Listed, Maker, Ours, Reply},
    facts::{ErrorCode, Liveness},
};

use crate::{
    directory::{Content, File, Name, Stat},
    table::Table,
};

/// The next operation of a process on the directory, or its next question to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Ask for this process's pid and identity; this is the claim that belongs to it.
    Current(u8),
    /// Create this claim.
    Create(u8),
    /// Create an empty file at this level, as where there are no hard links.
    MakeInPlace(u8),
    /// Lock a file that it made.
    Guard(Ours),
    /// Write the pid into it.
    Write(Ours, Content),
    /// Make the file that it made at this level name no owner.
    Disown(u8),
    StatClaim,
    Stat(Name),
    Open(Name),
    Read,
    StatOpen,
    Identify(u8),
    Id(Name),
    /// Compare the file of this name with this one, and open it.
    Same(Name, File, With),
    /// Read the directory; the second half is a step of its own.
    List,
    ListRest,
    /// Ask about the owner of the open file: the pid is looked up …
    Ask(Asked),
    /// … and then a lock on the file is tried for. The first answer holds if the file is free, the second if it is
    /// locked.
    Probe(Liveness, Liveness),
    /// … and released, if it was acquired, with the answer that holds then.
    GiveBack(Liveness),
    /// Ask about the maker of this claim, whose file may not be opened: only the pid is looked up.
    AskUnread(u8),
    Keep(u8),
    /// Link the claim that it made last.
    Link(Name),
    /// Give the open claim this claim's name.
    LinkOpen(u8),
    /// A fault's: give whichever file has the lock's name this claim's name as well.
    LinkLock(u8),
    Unlink(Name),
    Forget,
    /// A fault's, in place of an operation that it leaves out.
    Nothing,
    /// A fault's, in place of a link: the claim that it made last gets this name, whichever file has it.
    Replace(Name),
    /// The original's: create a file at this level exclusively, with this content.
    Make(u8, Content),
    /// The original's: write into the file that it made last.
    WriteMade(Content),
    /// The original's: does a process have this pid?
    Kill(u8),
}

impl Op {
    /// Returns whether it leaves the directory and all locks unchanged.
    pub fn only_looks(self) -> bool {
        !matches!(
            self,
            Op::Create(_)
                | Op::MakeInPlace(_)
                | Op::Guard(_)
                | Op::Write(..)
                | Op::Disown(_)
                | Op::Link(_)
                | Op::LinkOpen(_)
                | Op::LinkLock(_)
                | Op::Unlink(_)
                | Op::Replace(_)
                | Op::Make(..)
                | Op::WriteMade(_)
        )
    }
}

/// The file that a name is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum With {
    /// Its own, whose claim then has this many names.
    Ours(u8),
    /// The open one.
    Open,
}

/// The owner that the host is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// The maker of this claim.
    Maker(u8),
    Pid(u8),
    Nobody,
}

/// The progress of a question about an owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Question {
    #[default]
    None,
    /// The pid was looked up: the first answer holds if the file is free, the second if it is locked.
    LookedUp(Liveness, Liveness),
    /// A lock on the file was acquired.
    Locked(Liveness),
}

impl Question {
    /// Returns the progress after an answer.
    pub fn after(answer: Answer) -> Self {
        match answer {
            Answer::Either(free, kept) => Self::LookedUp(free, kept),
            Answer::Locked(told) => Self::Locked(told),
            _ => Self::None,
        }
    }

    /// Returns the operation that the answer still needs.
    pub fn goes_on(self) -> Option<Op> {
        match self {
            Self::None => None,
            Self::LookedUp(free, kept) => Some(Op::Probe(free, kept)),
            Self::Locked(told) => Some(Op::GiveBack(told)),
        }
    }
}

/// The result of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Done,
    Failed(ErrorCode),
    /// The host refuses.
    Refused,
    /// Another process is probing the claim.
    Probed,
    Id(File),
    /// The file seems to be the one that it is compared with, and is another.
    Differs,
    Stat(Stat),
    Content(Content),
    Identity(Option<u8>),
    /// A set of claims, whether a reclaim lock is among the names, why an entry could not be read, and whether there is more.
    Claims(u32, bool, Option<ErrorCode>, bool),
    /// The answer by the pid alone. Then the lock is tried for: the first one holds if the file is free, the second if
    /// it is locked.
    Either(Liveness, Liveness),
    Liveness(Liveness),
    /// The lock was acquired, and is kept until it is released: so this holds.
    Locked(Liveness),
    /// The original's question.
    Exists(bool),
}

impl Answer {
    /// Returns the answer with another status, if it is one.
    pub fn stating(self, other: impl Fn(Stat) -> Stat) -> Self {
        match self {
            Answer::Stat(stat) => Answer::Stat(other(stat)),
            answer => answer,
        }
    }

    /// Returns the reply in the machine's terms. `op` is the operation that it answers.
    pub fn told(self, op: Op, table: &Table) -> Reply {
        match (self, op) {
            (Answer::Done, Op::Current(claim)) => {
                let claim = table.claim(claim);
                Reply::Maker(Maker {
                    pid: claim.pid(),
                    identity: claim.identity,
                    evidence: claim.evidence,
                    session: false,
                })
            }
            (Answer::Done, _) => Reply::Done,
            (Answer::Failed(code), _) => Reply::Failed(code),
            (Answer::Refused, _) => Reply::Refused("it will not".into()),
            (Answer::Probed, _) => Reply::Probed,
            (Answer::Id(file), _) => Reply::Id(Table::told_file(file)),
            (Answer::Differs, _) => Reply::Differs,
            (Answer::Stat(stat), _) => Reply::Stat(stat.told()),
            (Answer::Content(content), _) => Reply::Bytes(content.bytes()),
            (Answer::Identity(claim), _) => {
                Reply::Identity(claim.map(|claim| table.claim(claim).identity))
            }
            (Answer::Claims(set, reclaims, missed, more), _) => Reply::Listed(Listed {
                claims: table.identities(set),
                reclaims,
                missed,
                more,
            }),
            (Answer::Liveness(liveness), _) => Reply::Liveness(liveness),
            (Answer::Either(..) | Answer::Locked(_) | Answer::Exists(_), _) => {
                unreachable!("never an answer to the machine")
            }
        }
    }
}
