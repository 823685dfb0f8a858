//! The promises that have to hold in every state.

use lockhost_machine::{facts::ErrorCode, names::DEEPEST};

use crate::{
    directory::{Content, File, Files, Modified, Name},
    local::{End, Info, Turn},
    step::Asked,
    table::{Author, Table},
    world::World,
};

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// At no time do two processes own the lock. An owner whose lock file was removed does not count until that is back.
    NeverTwoOwners,
    /// As long as an owner lives and has not begun to release, the lock file is its own.
    ALivingOwnersFileIsNeverRemovedByAnother,
    /// A process removes no lock, reclaim lock or claim of another one that lives or may live, and no file that is not
    /// a lock.
    WhatALivingProcessHasMadeIsNeverRemovedByAnother,
    /// When all have ended and none has crashed, some process has owned the lock, unless it was taken all along.
    AProcessGetsInWithoutACrash,
    /// When all have ended and none has crashed, nothing is left of any of them, unless a removal failed.
    NothingIsLeftWithoutACrash,
    /// In every state: if all processes crash now, a newcomer acquires the lock, alone and in a bounded number of
    /// steps. The exception is a lock whose owner lives, or may live.
    NoWedge,
    /// … and when it comes a minute later, sweeps, and has released, all files of dead processes are gone.
    TheNextSweepRemovesWhatTheDeadLeft,
    /// A process that waits, or owns the lock, keeps no file of another one from being locked by its maker.
    AWaiterKeepsNoFileLocked,
    /// An attempt ends with the lock or with an honest refusal, and a release succeeds. If an operation has failed, an
    /// error may be the result, and names it.
    EveryAttemptEndsWell,
}

impl Promise {
    pub const ALL: [Self; 9] = [
        Self::NeverTwoOwners,
        Self::ALivingOwnersFileIsNeverRemovedByAnother,
        Self::WhatALivingProcessHasMadeIsNeverRemovedByAnother,
        Self::AProcessGetsInWithoutACrash,
        Self::NothingIsLeftWithoutACrash,
        Self::NoWedge,
        Self::TheNextSweepRemovesWhatTheDeadLeft,
        Self::AWaiterKeepsNoFileLocked,
        Self::EveryAttemptEndsWell,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::NeverTwoOwners => "never two owners",
            Self::ALivingOwnersFileIsNeverRemovedByAnother => {
                "a living owner's file is never removed by another"
            }
            Self::WhatALivingProcessHasMadeIsNeverRemovedByAnother => {
                "what a living process has made is never removed by another"
            }
            Self::AProcessGetsInWithoutACrash => "a process gets in when no process crashes",
            Self::NothingIsLeftWithoutACrash => "nothing is left when no process crashes",
            Self::NoWedge => "no wedge: a newcomer alone gets in",
            Self::TheNextSweepRemovesWhatTheDeadLeft => {
                "the next sweep removes what the dead have left"
            }
            Self::AWaiterKeepsNoFileLocked => "a waiter keeps no file locked",
            Self::EveryAttemptEndsWell => "every attempt ends well",
        }
    }

    pub fn holds(self, world: &World, table: &mut Table) -> bool {
        match self {
            Self::NeverTwoOwners => world.owners(table) <= 1,
            Self::ALivingOwnersFileIsNeverRemovedByAnother => {
                let mut owners = world.infos(table).filter(|info| info.owner);
                owners.all(|info| {
                    info.made
                        .iter()
                        .all(|made| made.0 != LOCK || world.has(*made))
                })
            }
            Self::WhatALivingProcessHasMadeIsNeverRemovedByAnother => !world.robbed,
            Self::AProcessGetsInWithoutACrash => {
                world.owned
                    || world.crashed
                    || world.failed.is_some()
                    || !world.free
                    || !world.is_over(table)
            }
            Self::NothingIsLeftWithoutACrash => {
                let removing = world.failed.is_some_and(|failed| failed.removing);
                let excused = world.crashed || removing;
                excused || !world.is_over(table) || !world.has_any_of_the_run(table)
            }
            Self::NoWedge => world.lets_a_newcomer_in(table),
            Self::TheNextSweepRemovesWhatTheDeadLeft => world.is_clean_after_a_newcomer(table),
            Self::AWaiterKeepsNoFileLocked => {
                let mut still = world
                    .infos(table)
                    .filter(|info| info.owner || info.turn == Turn::Waits);
                still.all(|info| info.probes == Files::default())
            }
            Self::EveryAttemptEndsWell => {
                let mut infos = world.infos(table);
                infos.all(|info| info.end.is_none_or(|end| world.names_what_failed(end)))
            }
        }
    }
}

const LOCK: Name = Name::Level(0);

impl World {
    fn infos<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a Info> {
        self.locals.iter().map(|local| table.info(*local))
    }

    pub fn owners(&self, table: &Table) -> usize {
        let slots = self.locals.iter().enumerate();
        slots
            .filter(|(slot, local)| {
                table.info(**local).owner && self.dispossessed & (1 << slot) == 0
            })
            .count()
    }

    fn has(&self, (name, file): (Name, File)) -> bool {
        self.directory.id(name) == Ok(file)
    }

    pub fn is_over(&self, table: &Table) -> bool {
        self.infos(table).all(|info| !info.is_alive())
    }

    fn has_any_of_the_run(&self, table: &Table) -> bool {
        let pids = 1..self.next_pid;
        self.directory.names().any(|(name, file)| match name {
            Name::Claim(claim) => match table.claim(claim).author {
                Author::Process(who, _) => pids.contains(&who.pid),
                Author::Foreign(_) | Author::Unproven(_) => false,
            },
            // A process elsewhere may have one of these pids too.
            Name::Level(_) if self.is_foreign(file, table) => false,
            Name::Level(_) => match self.directory.read(file) {
                Content::Pid(pid) => pids.contains(&pid),
                _ => false,
            },
        })
    }

    fn is_foreign(&self, file: File, table: &Table) -> bool {
        self.directory.names().any(|(name, other)| match name {
            Name::Claim(claim) if other == file => {
                !matches!(table.claim(claim).author, Author::Process(..))
            }
            _ => false,
        })
    }

    fn lets_a_newcomer_in(&self, table: &mut Table) -> bool {
        let newcomer = self.newcomer(false, table);
        newcomer.ended && (newcomer.got_in || self.alone(table).is_blocked(table))
    }

    /// Returns the world without the processes that are alive in this state.
    fn alone(&self, table: &mut Table) -> Self {
        let mut world = *self;
        for slot in 0..self.locals.len() {
            let info = table.info(world.locals[slot]);
            if info.is_alive() {
                let who = info.who;
                world.crash(who, table);
            }
        }
        world
    }

    /// Returns whether this level, or a deeper one, has a file from the future.
    fn is_from_the_future(&self, level: u8) -> bool {
        let mut levels = (level..=DEEPEST).filter_map(|it| self.directory.id(Name::Level(it)).ok());
        levels.any(|file| self.directory.stat(file).modified == Modified::Future)
    }

    /// Returns whether a file is empty, and its age does not show that it was given up.
    fn is_from_now_or_later(&self, file: File) -> bool {
        let stat = self.directory.stat(file);
        stat.content == Content::Empty && stat.modified == Modified::Future
    }

    fn is_at_a_level(&self, file: File) -> bool {
        let mut names = self.directory.names();
        names.any(|(name, other)| matches!(name, Name::Level(_)) && other == file)
    }

    fn is_clean_after_a_newcomer(&self, table: &mut Table) -> bool {
        let newcomer = self.newcomer(true, table);
        if !newcomer.got_in {
            return true;
        }
        let world = Self {
            directory: newcomer.left,
            ..self.alone(table)
        };
        newcomer.end == Some(End::Well)
            && newcomer.left.names().all(|(name, file)| match name {
                Name::Claim(claim) => {
                    world.may_live(Asked::Maker(claim), table)
                        || world.is_at_a_level(file)
                        || self.outside != Files::default()
                        || world.is_from_now_or_later(file)
                }
                // A living owner's file stays, and so do dead owners' files below it, with their claims. So does a
                // reclaim lock that names no owner and is from the future: a sweep does not wait for it to settle.
                Name::Level(level) => {
                    world.is_blocked_from(level, table) || world.is_from_the_future(level)
                }
            })
            && newcomer.left.id(LOCK) == Err(ErrorCode::NoEntry)
    }
}
