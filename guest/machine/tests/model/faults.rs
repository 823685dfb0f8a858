//! Operations that fail: once in a run, at any step, with any code.

use lockhost_machine::{
    facts::{ErrorCode, Liveness, UnknownReason},
    machine::outcome::Operation,
};

use crate::{
    contender::Failing,
    directory::{Content, Name},
    local::{End, Turn},
    step::{Answer, Op},
    table::Table,
    world::World,
};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It is not done, for this reason.
    Code(ErrorCode),
    /// It is done, and reports that it was not: the reply was lost on the way.
    Done(ErrorCode),
    /// The host refuses, or does not know.
    Host,
    /// The host reports that another process is probing the claim at this moment.
    Probed,
    /// One entry of the directory cannot be read.
    Unseen(ErrorCode),
}

/// Every code that WASI has.
pub const CODES: [ErrorCode; 37] = [
    ErrorCode::Access,
    ErrorCode::WouldBlock,
    ErrorCode::Already,
    ErrorCode::BadDescriptor,
    ErrorCode::Busy,
    ErrorCode::Deadlock,
    ErrorCode::Quota,
    ErrorCode::Exist,
    ErrorCode::FileTooLarge,
    ErrorCode::IllegalByteSequence,
    ErrorCode::InProgress,
    ErrorCode::Interrupted,
    ErrorCode::Invalid,
    ErrorCode::Io,
    ErrorCode::IsDirectory,
    ErrorCode::Loop,
    ErrorCode::TooManyLinks,
    ErrorCode::MessageSize,
    ErrorCode::NameTooLong,
    ErrorCode::NoDevice,
    ErrorCode::NoEntry,
    ErrorCode::NoLock,
    ErrorCode::InsufficientMemory,
    ErrorCode::InsufficientSpace,
    ErrorCode::NotDirectory,
    ErrorCode::NotEmpty,
    ErrorCode::NotRecoverable,
    ErrorCode::Unsupported,
    ErrorCode::NoTty,
    ErrorCode::NoSuchDevice,
    ErrorCode::Overflow,
    ErrorCode::NotPermitted,
    ErrorCode::Pipe,
    ErrorCode::ReadOnly,
    ErrorCode::InvalidSeek,
    ErrorCode::TextFileBusy,
    ErrorCode::CrossDevice,
];

/// One code of each kind that the machine distinguishes: a missing file, an existing one, a symbolic link, the answer
/// of a file system without hard links, and any other.
pub const KINDS: [ErrorCode; 5] = [
    ErrorCode::Access,
    ErrorCode::NotPermitted,
    ErrorCode::NoEntry,
    ErrorCode::Exist,
    ErrorCode::Loop,
];

/// The failure of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failed {
    /// The failure that an error has to name.
    pub failing: Option<Failing>,
    /// Whether the operation removes a name, or compares it before that.
    pub removing: bool,
}

/// Returns how an operation can fail.
pub fn faults(op: Op, codes: &[ErrorCode]) -> Vec<Fault> {
    let each = |fault: fn(ErrorCode) -> Fault| codes.iter().map(move |code| fault(*code));
    match op {
        Op::Current(_) | Op::Ask(_) | Op::AskUnread(_) | Op::Identify(_) => vec![Fault::Host],
        Op::Guard(_) => vec![Fault::Host, Fault::Probed],
        Op::Probe(..) | Op::GiveBack(_) | Op::Keep(_) | Op::Forget | Op::Nothing => Vec::new(),
        Op::Link(..) | Op::LinkOpen(_) | Op::Unlink(_) => {
            each(Fault::Code).chain(each(Fault::Done)).collect()
        }
        Op::List | Op::ListRest => each(Fault::Code).chain(each(Fault::Unseen)).collect(),
        _ => each(Fault::Code).collect(),
    }
}

impl World {
    /// Makes a process's next step fail.
    pub fn fail(&mut self, slot: usize, fault: Fault, table: &mut Table) {
        let Turn::Does(op) = table.info(self.locals[slot]).turn else {
            unreachable!("it does nothing")
        };
        let answer = match fault {
            Fault::Code(code) => Answer::Failed(code),
            Fault::Done(code) => {
                self.perform(slot, op, table);
                Answer::Failed(code)
            }
            Fault::Host => refusal(op),
            Fault::Probed => Answer::Probed,
            Fault::Unseen(code) => {
                Answer::Claims(self.directory.claims(), false, Some(code), false)
            }
        };
        self.failed = Some(Failed {
            failing: failing(op),
            removing: matches!(op, Op::Unlink(_) | Op::Id(_) | Op::Same(..)),
        });
        table.note(slot, op, answer);
        self.become_of(slot, op, answer, table);
    }

    /// Returns whether a process that has ended has named what failed, if anything failed.
    pub fn names_what_failed(&self, end: End) -> bool {
        match end {
            End::Well => true,
            End::Failed(Failing::NotALock) if self.has_what_is_no_lock() => true,
            End::Failed(Failing::NotALock) | End::Lost => self.failed.is_some(),
            End::Failed(what) => self
                .failed
                .is_some_and(|failed| failed.failing == Some(what)),
            End::Odd => false,
        }
    }
}

impl World {
    fn has_what_is_no_lock(&self) -> bool {
        let mut names = self.directory.names();
        names.any(|(_, file)| self.directory.read(file) == Content::Long)
    }
}

fn refusal(op: Op) -> Answer {
    match op {
        Op::Ask(_) | Op::AskUnread(_) => {
            Answer::Liveness(Liveness::Unknown(UnknownReason::NoAnswer))
        }
        Op::Identify(_) => Answer::Identity(None),
        _ => Answer::Refused,
    }
}

/// Returns the failure that an error has to name when this has failed.
fn failing(op: Op) -> Option<Failing> {
    let operation = match op {
        Op::Create(_) | Op::MakeInPlace(_) => Operation::Create,
        Op::Write(..) | Op::Disown(_) => Operation::Write,
        Op::StatClaim | Op::Stat(_) | Op::StatOpen | Op::Id(_) | Op::Same(..) => Operation::Stat,
        Op::Open(_) => Operation::Open,
        Op::Read => Operation::Read,
        Op::List | Op::ListRest => Operation::List,
        Op::Link(..) | Op::LinkOpen(_) => Operation::Link,
        Op::Unlink(Name::Level(_) | Name::Claim(_)) => Operation::Remove,
        Op::Current(_) | Op::Guard(_) => return Some(Failing::TheHost),
        _ => return None,
    };
    Some(Failing::This(operation))
}
