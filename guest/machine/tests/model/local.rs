//! The state of one process, of any kind, and what the rest of the world sees of it.

use crate::{
    contender::Contender,
    directory::{File, Files, Name},
    inspector::Inspector,
    original::Original,
    seeds::Lie,
    step::{Answer, Op},
    table::Table,
};

/// The identity of a process: no two processes, dead or alive, have both numbers in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Who {
    pub pid: u8,
    /// When it started: distinguishes it from earlier processes with the pid.
    pub start: u8,
    /// Whether it sweeps without a cause.
    pub sweeps: bool,
    pub place: Place,
}

/// Where a process runs, and what it may do there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// Whether a policy denies it links.
    pub denied: bool,
    /// Whether it is in another PID namespace.
    pub elsewhere: bool,
    /// Whether it runs as another user than all others: it may open no file that it did not make.
    pub another_user: bool,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It acquired the lock and released it, was refused, or has crashed: as it should be.
    Well,
    /// Its lock was lost.
    Lost,
    /// An operation failed, and it named which.
    Failed(crate::contender::Failing),
    /// Anything else.
    Odd,
}

/// The kind of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// A lockhost process.
    Contender(Box<Contender>),
    /// The lock that lockhost replaces.
    Original(Original),
    /// A lockhost process that only inspects.
    Inspector(Box<Inspector>),
    /// It has ended.
    Gone(End),
}

/// The state of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Local {
    pub who: Who,
    pub body: Body,
}

/// The next turn of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It does this.
    Does(Op),
    /// It waits, and goes on when some time has passed.
    Waits,
    /// Its attempt is over; it may try again, or exit.
    Rests,
    /// It has ended.
    None,
}

/// What can be seen of a process.
#[derive(Clone, Debug)]
pub struct Info {
    pub who: Who,
    pub turn: Turn,
    /// Whether it has done nothing yet.
    pub fresh: bool,
    pub owner: bool,
    /// Whether it is putting its lock file back.
    pub restoring: bool,
    /// Whether its user declares an owner dead.
    pub assumes: bool,
    /// Whether it is in the middle of an attempt, and never stops there for seconds.
    pub in_a_hurry: bool,
    pub end: Option<End>,
    /// The claim, if it is open.
    pub claim: Option<File>,
    /// The claim that was made last.
    pub last: Option<u8>,
    /// The files that were made in place, with their levels.
    pub in_place: Vec<(u8, File)>,
    /// The file that is examined.
    pub open: Option<File>,
    /// All open files.
    pub opened: Files,
    /// The files that it keeps locked exclusively.
    pub guards: Files,
    /// The files on which it has a shared lock.
    pub probes: Files,
    /// The names that it has made and not removed.
    pub made: Vec<(Name, File)>,
    /// A false answer that it gets, if it has a fault.
    pub lie: Option<Lie>,
}

impl Info {
    /// Returns that of a process that has nothing.
    pub fn of(who: Who, turn: Turn) -> Self {
        Self {
            who,
            turn,
            fresh: false,
            owner: false,
            restoring: false,
            assumes: false,
            in_a_hurry: false,
            end: None,
            claim: None,
            last: None,
            in_place: Vec::new(),
            open: None,
            opened: Files::default(),
            guards: Files::default(),
            probes: Files::default(),
            made: Vec::new(),
            lie: None,
        }
    }

    /// Returns the file that it made in place at a level.
    pub fn at(&self, level: u8) -> Option<File> {
        let mut in_place = self.in_place.iter();
        in_place
            .find(|(made, _)| *made == level)
            .map(|(_, file)| *file)
    }

    /// Returns whether a file is its claim, or one that it made in place.
    pub fn has_made_file(&self, file: File) -> bool {
        let mut in_place = self.in_place.iter();
        self.claim == Some(file) || in_place.any(|(_, made)| *made == file)
    }

    /// Returns whether it may still write into a file, which has content or not.
    pub fn may_write(&self, file: File, written: bool) -> bool {
        let mut in_place = self.in_place.iter();
        match self.turn {
            Turn::Does(Op::WriteMade(_)) => self.open == Some(file),
            _ if self.claim == Some(file) => !written,
            _ => in_place.any(|(_, made)| *made == file),
        }
    }

    pub fn is_alive(&self) -> bool {
        self.end.is_none()
    }
}

impl Local {
    /// Returns a process that has ended.
    pub fn gone(who: Who, end: End) -> Self {
        Self {
            who,
            body: Body::Gone(end),
        }
    }

    pub fn info(&self, table: &mut Table) -> Info {
        match &self.body {
            Body::Contender(contender) => contender.info(self.who, table),
            Body::Original(original) => original.info(self.who, table),
            Body::Inspector(inspector) => inspector.info(self.who, table),
            Body::Gone(end) => Info {
                end: Some(*end),
                ..Info::of(self.who, Turn::None)
            },
        }
    }

    /// Returns its state after the answer to its next operation.
    pub fn reply(&self, op: Op, answer: Answer, table: &mut Table) -> Self {
        let body = match self.body.clone() {
            Body::Contender(contender) => contender.reply(op, answer, table),
            Body::Original(original) => original.reply(op, answer),
            Body::Inspector(inspector) => inspector.reply(op, answer, table),
            Body::Gone(_) => unreachable!("the dead do nothing"),
        };
        Self {
            who: self.who,
            body,
        }
    }

    /// Returns its state when it goes on after this many milliseconds.
    pub fn resume(&self, milliseconds: u64) -> Self {
        let mut local = self.clone();
        if let Body::Contender(contender) = local.body {
            local.body = contender.resume(milliseconds);
        }
        local
    }

    /// Returns an owner's state when it puts its lock file back.
    pub fn put_back(&self) -> Self {
        let mut local = self.clone();
        if let Body::Contender(contender) = local.body {
            local.body = contender.put_back();
        }
        local
    }

    /// Returns its state when it tries again.
    pub fn again(&self) -> Self {
        let mut local = self.clone();
        if let Body::Contender(contender) = &mut local.body {
            contender.again();
        }
        local
    }
}
