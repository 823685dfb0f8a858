//! One step of a process in small numbers, and what it came to.

use lockhost_guest::{
    call::{Listed, Maker, Ours, Reply},
    facts::{ErrorCode, Liveness},
};

use crate::{
    directory::{Content, File, Name, Stat},
    table::Table,
};

/// What a process does next: one operation on the directory, or one question to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Who am I? This is the claim that goes with it.
    Current(u8),
    /// Create this claim.
    Create(u8),
    /// Create an empty file at this level, as where there are no hard links.
    MakeInPlace(u8),
    /// Lock a file that it made.
    Guard(Ours),
    /// Write the pid into it.
    Write(Ours, Content),
    /// Make the file that it made at this level name nobody.
    Disown(u8),
    StatClaim,
    Stat(Name),
    Open(Name),
    Read,
    StatOpen,
    Identify(u8),
    Id(Name),
    /// Read the directory; the second half is a step of its own.
    List,
    ListRest,
    /// Ask about the owner of the open file: the pid is looked up …
    Ask(Asked),
    /// … and then a lock on the file is tried for. What is true if it is free, and what if it is kept.
    Probe(Liveness, Liveness),
    /// … and given back, if it was had, with what is true then.
    GiveBack(Liveness),
    /// Ask about the maker of this claim, whose file may not be opened: the pid is looked up, and no more.
    AskUnread(u8),
    Keep(u8),
    /// Link the claim that it made last.
    Link(Name),
    /// Give the open claim this claim's name.
    LinkOpen(u8),
    /// A fault's: give whatever has the lock's name this claim's name as well.
    LinkLock(u8),
    Unlink(Name),
    Forget,
    /// A fault's, in place of something that it leaves out.
    Nothing,
    /// A fault's, in place of a link: the claim that it made last gets this name, whatever file has it.
    Replace(Name),
    /// The original's: create a file at this level exclusively, with this in it.
    Make(u8, Content),
    /// The original's: write into the file that it made last.
    WriteMade(Content),
    /// The original's: does a process have this pid?
    Kill(u8),
}

impl Op {
    /// Whether it leaves the directory and everybody's locks as they are.
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

/// Whose life is in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// The maker of this claim.
    Maker(u8),
    Pid(u8),
    Nobody,
}

/// How far a question about an owner has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Question {
    #[default]
    None,
    /// The pid was looked up: this is so if the file is free, and that if it is kept locked.
    LookedUp(Liveness, Liveness),
    /// A lock on the file was had.
    Locked(Liveness),
}

impl Question {
    /// How far it has come with an answer.
    pub fn after(answer: Answer) -> Self {
        match answer {
            Answer::Either(free, kept) => Self::LookedUp(free, kept),
            Answer::Locked(told) => Self::Locked(told),
            _ => Self::None,
        }
    }

    /// What is to be done before it is answered.
    pub fn goes_on(self) -> Option<Op> {
        match self {
            Self::None => None,
            Self::LookedUp(free, kept) => Some(Op::Probe(free, kept)),
            Self::Locked(told) => Some(Op::GiveBack(told)),
        }
    }
}

/// What an operation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Done,
    Failed(ErrorCode),
    /// The host will not.
    Refused,
    /// Somebody is looking at the claim.
    Probed,
    Id(File),
    Stat(Stat),
    Content(Content),
    Identity(Option<u8>),
    /// A set of claims, why an entry could not be looked at, and whether there is more.
    Claims(u32, Option<ErrorCode>, bool),
    /// As far as the pid is concerned: then the lock is tried for, and this is so if it is free, or kept.
    Either(Liveness, Liveness),
    Liveness(Liveness),
    /// The lock could be had, and is kept until it is given back: so this is true.
    Locked(Liveness),
    /// The original's question.
    Exists(bool),
}

impl Answer {
    /// In the machine's words. `op` is what was asked for.
    pub fn told(self, op: Op, table: &Table) -> Reply {
        match (self, op) {
            (Answer::Done, Op::Current(claim)) => {
                let claim = table.claim(claim);
                Reply::Maker(Maker {
                    pid: claim.pid(),
                    identity: claim.identity,
                    evidence: claim.evidence,
                })
            }
            (Answer::Done, _) => Reply::Done,
            (Answer::Failed(code), _) => Reply::Failed(code),
            (Answer::Refused, _) => Reply::Refused("it will not".into()),
            (Answer::Probed, _) => Reply::Probed,
            (Answer::Id(file), _) => Reply::Id(Table::told_file(file)),
            (Answer::Stat(stat), _) => Reply::Stat(stat.told()),
            (Answer::Content(content), _) => Reply::Bytes(content.bytes()),
            (Answer::Identity(claim), _) => {
                Reply::Identity(claim.map(|claim| table.claim(claim).identity))
            }
            (Answer::Claims(set, missed, more), _) => Reply::Listed(Listed {
                claims: table.identities(set),
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
