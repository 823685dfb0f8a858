//! The state of one process, whoever it is, and what the rest of the world sees of it.

use crate::{
    contender::Contender,
    directory::{File, Files, Name},
    inspector::Inspector,
    original::Original,
    seeds::Lie,
    step::{Answer, Op},
    table::Table,
};

/// A process, once and for all: no two that ever are have both numbers in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Who {
    pub pid: u8,
    /// When it started: what tells it from others that had the pid before.
    pub start: u8,
    /// Whether it sweeps without a cause.
    pub sweeps: bool,
    pub place: Place,
}

/// Where a process runs, and what it may do there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// A policy denies it to link.
    pub denied: bool,
    /// In another PID namespace.
    pub elsewhere: bool,
    /// As another user than all others: it may open no file that it did not make.
    pub another_user: bool,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It got in and released, was refused, or has crashed: as it should be.
    Well,
    /// Its lock was lost.
    Lost,
    /// An operation failed, and it said which.
    Failed(crate::contender::Failing),
    /// Anything else.
    Odd,
}

/// What a process is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// One of ours.
    Contender(Box<Contender>),
    /// The lock that ours replaces.
    Original(Original),
    /// One of ours that only looks.
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

/// What it does when it is let.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// This.
    Does(Op),
    /// It waits, and goes on when some time has passed.
    Waits,
    /// Its attempt is over; it may try again, or exit.
    Rests,
    /// Nothing any more.
    None,
}

/// What there is to be seen of a process.
#[derive(Clone, Debug)]
pub struct Info {
    pub who: Who,
    pub turn: Turn,
    /// It has done nothing yet.
    pub fresh: bool,
    pub owner: bool,
    /// It puts its lock file back.
    pub restoring: bool,
    /// A person has told it whom to take for dead.
    pub assumes: bool,
    /// It is in the middle of an attempt, and never stops there for seconds.
    pub in_a_hurry: bool,
    pub end: Option<End>,
    /// The claim, if it is open.
    pub claim: Option<File>,
    /// The claim that was made last.
    pub last: Option<u8>,
    /// The files that were made in place, and at which level.
    pub in_place: Vec<(u8, File)>,
    /// The file that is looked at.
    pub open: Option<File>,
    /// All that are open.
    pub opened: Files,
    /// The files that it keeps locked for itself.
    pub guards: Files,
    /// Those that it keeps locked with others.
    pub probes: Files,
    /// The names that it has made and not removed.
    pub made: Vec<(Name, File)>,
    /// What it is answered instead of what is so, if something is wrong with it.
    pub lie: Option<Lie>,
}

impl Info {
    /// Of a process that has nothing.
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

    /// The file that it made in place at a level.
    pub fn at(&self, level: u8) -> Option<File> {
        let mut in_place = self.in_place.iter();
        in_place
            .find(|(made, _)| *made == level)
            .map(|(_, file)| *file)
    }

    /// Whether a file is its claim, or one that it made in place.
    pub fn has_made_file(&self, file: File) -> bool {
        let mut in_place = self.in_place.iter();
        self.claim == Some(file) || in_place.any(|(_, made)| *made == file)
    }

    /// Whether it may still write into a file, which has something in it or not.
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
    /// A process that has ended.
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

    /// What it comes to when what it does next is answered.
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

    /// What it comes to when it goes on after so many milliseconds.
    pub fn resume(&self, milliseconds: u64) -> Self {
        let mut local = self.clone();
        if let Body::Contender(contender) = local.body {
            local.body = contender.resume(milliseconds);
        }
        local
    }

    /// What an owner comes to when it puts its lock file back.
    pub fn put_back(&self) -> Self {
        let mut local = self.clone();
        if let Body::Contender(contender) = local.body {
            local.body = contender.put_back();
        }
        local
    }

    /// What it comes to when it tries again.
    pub fn again(&self) -> Self {
        let mut local = self.clone();
        if let Body::Contender(contender) = &mut local.body {
            contender.again();
        }
        local
    }
}
