//! The result of a newcomer after all other processes have crashed.

use lockhost_machine::names::DEEPEST;

use crate::{
    contender::Contender,
    directory::{Content, Directory, Name},
    local::{Body, End, Local, Turn, Who},
    step::Asked,
    table::{Author, Table},
    world::{SLOTS, World},
};

/// The result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Whether it ended in a bounded number of steps.
    pub ended: bool,
    pub got_in: bool,
    pub end: Option<End>,
    /// The directory after its release.
    pub left: Directory,
}

/// The newcomer's pid.
const PID: u8 = 60;

/// More steps than any attempt alone in a directory takes.
const BOUND: usize = 2_000;

impl World {
    /// Crashes all processes, and runs a newcomer to its end: at once, or more than a minute later. Computed once for
    /// each directory.
    pub fn newcomer(&self, later: bool, table: &mut Table) -> Newcomer {
        let mut world = self.after_everybody_crashed(table);
        world.era += u8::from(later);
        if let Some(newcomer) = table.newcomers.get(&world) {
            return *newcomer;
        }
        let newcomer = world.run_newcomer(table);
        table.newcomers.insert(world, newcomer);
        newcomer
    }

    /// Returns whether there is a file that rightly blocks every process: its owner lives, or may live.
    pub fn is_blocked(&self, table: &mut Table) -> bool {
        self.is_blocked_from(0, table)
    }

    /// Returns the same for this level or a deeper one.
    pub fn is_blocked_from(&self, level: u8, table: &mut Table) -> bool {
        (level..=DEEPEST).any(|level| match self.directory.id(Name::Level(level)) {
            Ok(file) => self.keeps_out(file, table),
            Err(_) => false,
        })
    }

    /// Returns whether a file at a level blocks every process that comes.
    pub fn keeps_out(&self, file: u8, table: &mut Table) -> bool {
        self.outside.contains(file) || self.is_anybodys(file, table)
    }

    /// Returns whether a file's owner lives, or may live.
    fn is_anybodys(&self, file: u8, table: &mut Table) -> bool {
        let mut names = self.directory.names();
        let claim = names.find_map(|(name, other)| match name {
            Name::Claim(claim) if file == other => Some(claim),
            _ => None,
        });
        match (claim, self.directory.read(file)) {
            (Some(claim), _) => self.may_live(Asked::Maker(claim), table),
            (None, Content::Pid(pid) | Content::More(pid)) => self.may_live(Asked::Pid(pid), table),
            (None, Content::Long) => true,
            _ => false,
        }
    }

    /// Returns whether an owner lives, or may live.
    pub fn may_live(&self, owner: Asked, table: &Table) -> bool {
        match owner {
            Asked::Nobody => false,
            Asked::Pid(pid) => self.living(pid, table).is_some(),
            Asked::Maker(claim) => match table.claim(claim).author {
                Author::Process(who, _) => self.living(who.pid, table) == Some(who),
                Author::Foreign(_) | Author::Unproven(_) => !table.claim(claim).evidence,
            },
        }
    }

    fn after_everybody_crashed(&self, table: &mut Table) -> Self {
        let mut world = *self;
        let gone = table.number(Local::gone(Who::default(), End::Well));
        for slot in 0..SLOTS {
            let info = table.info(world.locals[slot]);
            let (who, alive) = (info.who, info.is_alive());
            if alive {
                world.crash(who, table);
            }
            // Of the ended processes only the strangers matter any more.
            if world.strangers & (1 << slot) == 0 {
                world.locals[slot] = gone;
            }
        }
        Self {
            since: [0; SLOTS],
            budget: Default::default(),
            deepest: 8,
            next_pid: 0,
            free: false,
            owned: false,
            crashed: false,
            robbed: false,
            dispossessed: 0,
            removed_again: 0,
            failed: None,
            ..world
        }
    }

    fn run_newcomer(mut self, table: &mut Table) -> Newcomer {
        const SLOT: usize = SLOTS - 1;
        let counts = table.counts;
        let body = Body::Contender(Box::new(Contender::new(1, table.seed, None)));
        let who = Who {
            pid: PID,
            sweeps: true,
            ..Who::default()
        };
        self.locals[SLOT] = table.number(Local { who, body });
        for _ in 0..BOUND {
            let info = table.info(self.locals[SLOT]);
            match info.turn {
                Turn::Does(_) => {
                    self.step(SLOT, table);
                }
                Turn::Waits => {
                    let local = table.local(self.locals[SLOT]).resume(3_000);
                    let local = table.number(local);
                    self.put(SLOT, local, table);
                }
                Turn::Rests | Turn::None => break,
            }
        }
        table.counts = counts;
        let end = table.info(self.locals[SLOT]).end;
        Newcomer {
            ended: end.is_some(),
            got_in: self.owned,
            end,
            left: self.directory,
        }
    }
}
