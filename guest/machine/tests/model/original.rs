//! The lock that lockhost replaces: its algorithm, with its flaws, one operation a step. `src/bin/original.rs` is the
//! same as a program.

use crate::{
    directory::{Content, File, Files, Name},
    local::{Body, End, Info, Turn, Who},
    setting::Timely,
    step::{Answer, Op},
    table::Table,
};

const LOCK: u8 = 0;
const RECLAIM: u8 = 1;

/// The purpose of examining a file that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Purpose {
    /// It could not be created.
    Refused,
    /// The reclaim lock could not be created.
    ReclaimRefused,
    /// Under the reclaim lock.
    Under,
}

impl Purpose {
    fn level(self) -> u8 {
        match self {
            Purpose::Refused | Purpose::Under => LOCK,
            Purpose::ReclaimRefused => RECLAIM,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// Creates the file at this level, under the reclaim lock or not.
    Make(u8, bool),
    Write(u8, bool),
    Open(Purpose),
    Read(Purpose),
    Kill(Purpose, u8),
    /// A reclaim lock whose owner is dead is removed, whichever file it is by now.
    RemoveReclaim,
    /// The lock is removed in the same way.
    RemoveLock,
    /// Its own reclaim lock is removed, and it has acquired the lock or not.
    Leave(bool),
    Owning,
}

/// One process of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Original {
    pid: u8,
    /// Whether it publishes its pid with the file, and not after it.
    atomic: bool,
    stage: Stage,
    fresh: bool,
    open: Option<File>,
    /// The files that it has made at the two levels.
    made: [Option<File>; 2],
}

impl Original {
    pub fn new(pid: u8, atomic: bool) -> Self {
        Self {
            pid,
            atomic,
            stage: Stage::Make(LOCK, false),
            fresh: true,
            open: None,
            made: [None; 2],
        }
    }

    pub fn info(&self, who: Who, table: &Table) -> Info {
        let owner = self.stage == Stage::Owning;
        let made = [LOCK, RECLAIM].into_iter().zip(self.made);
        let made = made.filter_map(|(level, file)| Some((Name::Level(level), file?)));
        Info {
            fresh: self.fresh,
            owner,
            in_a_hurry: table.timely != Timely::Nobody && !self.fresh && !owner,
            open: self.open,
            opened: self.open.into_iter().collect::<Files>(),
            made: made.collect(),
            ..Info::of(who, Turn::Does(self.op()))
        }
    }

    fn op(&self) -> Op {
        match self.stage {
            Stage::Make(level, _) if self.atomic => Op::Make(level, Content::Pid(self.pid)),
            Stage::Make(level, _) => Op::Make(level, Content::Empty),
            Stage::Write(..) => Op::WriteMade(Content::Pid(self.pid)),
            Stage::Open(purpose) => Op::Open(Name::Level(purpose.level())),
            Stage::Read(_) => Op::Read,
            Stage::Kill(_, pid) => Op::Kill(pid),
            Stage::RemoveReclaim | Stage::Leave(_) => Op::Unlink(Name::Level(RECLAIM)),
            Stage::RemoveLock | Stage::Owning => Op::Unlink(Name::Level(LOCK)),
        }
    }

    pub fn reply(mut self, op: Op, answer: Answer) -> Body {
        self.fresh = false;
        if let Op::Unlink(Name::Level(level)) = op {
            self.made[usize::from(level)] = None;
        }
        let stage = match (self.stage, answer) {
            (Stage::Make(level, under), Answer::Id(file)) => {
                self.made[usize::from(level)] = Some(file);
                if self.atomic {
                    made(level, under)
                } else {
                    self.open = Some(file);
                    Stage::Write(level, under)
                }
            }
            (Stage::Make(LOCK, false), _) => Stage::Open(Purpose::Refused),
            (Stage::Make(LOCK, true), _) => Stage::Leave(false),
            (Stage::Make(..), _) => Stage::Open(Purpose::ReclaimRefused),
            (Stage::Write(level, under), _) => {
                self.open = None;
                made(level, under)
            }
            (Stage::Open(purpose), Answer::Id(file)) => {
                self.open = Some(file);
                Stage::Read(purpose)
            }
            (Stage::Read(purpose), Answer::Content(content)) => {
                self.open = None;
                match content {
                    Content::Pid(pid) => Stage::Kill(purpose, pid),
                    Content::Empty
                    | Content::Garbage
                    | Content::Long
                    | Content::More(_)
                    | Content::Disowned(_) => dead(purpose),
                }
            }
            (Stage::Kill(Purpose::Under, _), Answer::Exists(true)) => Stage::Leave(false),
            (Stage::Kill(..), Answer::Exists(true)) => return Body::Gone(End::Well),
            // It does not distinguish missing, unreadable and dead owners' files.
            (Stage::Open(purpose) | Stage::Read(purpose) | Stage::Kill(purpose, _), _) => {
                self.open = None;
                dead(purpose)
            }
            (Stage::RemoveReclaim, _) => Stage::Make(RECLAIM, false),
            (Stage::RemoveLock, _) => Stage::Make(LOCK, true),
            (Stage::Leave(true), _) => Stage::Owning,
            (Stage::Leave(false) | Stage::Owning, _) => return Body::Gone(End::Well),
        };
        self.stage = stage;
        Body::Original(self)
    }
}

/// Returns the stage after a file that it has made.
fn made(level: u8, under: bool) -> Stage {
    match (level, under) {
        (LOCK, false) => Stage::Owning,
        (LOCK, true) => Stage::Leave(true),
        _ => Stage::Open(Purpose::Under),
    }
}

/// Returns the stage after a file that it judges dead.
fn dead(purpose: Purpose) -> Stage {
    match purpose {
        Purpose::Refused => Stage::Make(RECLAIM, false),
        Purpose::ReclaimRefused => Stage::RemoveReclaim,
        Purpose::Under => Stage::RemoveLock,
    }
}
