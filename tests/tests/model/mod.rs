//! A directory and a few processes, in memory: everything the guest's machine can see, and one operation a step.

mod directory;
mod process;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use lockhost_guest::{call::Call, machine::sweeps_unasked};

pub use directory::Directory;
use process::{Process, Step};

/// Everything there is: the directory, the processes, and how many may still crash.
#[derive(Clone, Hash)]
pub struct World {
    directory: Directory,
    processes: Vec<Process>,
    /// How many processes are still to come after one that has ended, each with a number of its own.
    successors: u8,
    crashes: u8,
    ever_owned: bool,
    ever_crashed: bool,
    /// Somebody gave up a file that was made in place, since another was replacing it for seconds.
    ever_disowned: bool,
}

/// What was seen on the way through all states.
#[derive(Debug, Default)]
pub struct Explored {
    /// States that differ.
    pub states: usize,
    /// Steps taken between them.
    pub steps: usize,
    /// States in which every process has ended.
    pub ends: usize,
}

/// A property that does not hold, and the steps that lead there.
#[derive(Debug)]
pub struct Violation {
    pub what: String,
    pub trace: Vec<String>,
}

impl World {
    /// A directory as it is found, as many processes as start on it, as many as come when one of these has ended, and
    /// as many as may crash.
    pub fn new(directory: Directory, processes: u8, successors: u8, crashes: u8) -> Self {
        Self {
            directory,
            processes: (1..=processes)
                .map(|pid| Process::new(pid.into()))
                .collect(),
            successors,
            crashes,
            ever_owned: false,
            ever_crashed: false,
            ever_disowned: false,
        }
    }

    /// Goes through every interleaving of every process' operations, and of crashes.
    pub fn explore(self) -> Result<Explored, Violation> {
        let mut seen = HashSet::from([fingerprint(&self)]);
        let mut explored = Explored::default();
        // A path through the states: each with the moves that are still to be made from it.
        let mut path = vec![(self.moves(), self, None)];
        while let Some((moves, world, _)) = path.last_mut() {
            let Some(next) = moves.pop() else {
                path.pop();
                continue;
            };
            let mut world = world.clone();
            let step = world.make(next);
            explored.steps += 1;
            if let Err(what) = world.check() {
                let steps = path.into_iter().filter_map(|(.., step)| step);
                let trace = steps.chain([step]).map(tell).collect();
                return Err(Violation { what, trace });
            }
            if !seen.insert(fingerprint(&world)) {
                continue;
            }
            let moves = world.moves();
            if moves.is_empty() {
                explored.ends += 1;
            }
            path.push((moves, world, Some(step)));
        }
        explored.states = seen.len();
        Ok(explored)
    }

    fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        for (index, process) in self.processes.iter().enumerate() {
            if process.is_gone() {
                if self.successors > 0 {
                    moves.push(Move::Succeed(index));
                }
                continue;
            }
            moves.push(Move::Step(index));
            if self.crashes > 0 && process.has_begun() {
                moves.push(Move::Crash(index));
            }
        }
        moves
    }

    fn make(&mut self, next: Move) -> (u32, Step) {
        let (Move::Step(index) | Move::Crash(index) | Move::Succeed(index)) = next;
        let mut process = self.processes[index].clone();
        let living: Vec<u32> = self.living().collect();
        let step = match next {
            Move::Step(_) => process.step(&mut self.directory, |pid| living.contains(&pid)),
            Move::Succeed(_) => {
                // Numbered apart from all that were before: the dead stay dead.
                process = Process::new(10 + u32::from(self.successors));
                self.successors -= 1;
                Step::Comes
            }
            Move::Crash(_) => {
                self.crashes -= 1;
                self.ever_crashed = true;
                process.crash(&mut self.directory)
            }
        };
        self.ever_disowned |= matches!(step, Step::Does(Call::Disown { .. }, _));
        self.ever_owned |= process.is_owner();
        let pid = process.pid();
        self.processes[index] = process;
        (pid, step)
    }

    fn living(&self) -> impl Iterator<Item = u32> {
        let living = self.processes.iter().filter(|process| !process.is_gone());
        living.map(Process::pid)
    }

    fn check(&self) -> Result<(), String> {
        let owners: Vec<_> = self.processes.iter().filter(|it| it.is_owner()).collect();
        if owners.len() > 1 {
            return Err("two owners".into());
        }
        if let [owner] = owners[..]
            && !owner.owns_the_lock_file(&self.directory)
        {
            return Err("a living owner's file was removed by another".into());
        }
        if self.successors > 0 || !self.processes.iter().all(Process::is_gone) {
            return Ok(());
        }
        if !self.ever_crashed && !self.ever_disowned {
            if !self.ever_owned {
                return Err("nobody got in, though nobody crashed".into());
            }
            let left = self.directory.files();
            if !left.is_empty() {
                return Err(format!("left, though nobody crashed: {left:?}"));
            }
        }
        self.check_newcomer()
    }

    /// Whatever is left, one who comes alone gets in; and if it is one that sweeps, and comes later than any file needs
    /// to settle, nothing of the dead stays.
    fn check_newcomer(&self) -> Result<(), String> {
        self.after_newcomer(90)?;
        let mut later = self.clone();
        later.directory.age();
        let swept = later.after_newcomer(sweeper())?;
        let left = swept.files();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("not swept: {left:?}"))
        }
    }

    fn after_newcomer(&self, pid: u32) -> Result<Directory, String> {
        let mut world = Self {
            processes: vec![Process::new(pid)],
            successors: 0,
            crashes: 0,
            ever_owned: false,
            ..self.clone()
        };
        for _ in 0..1000 {
            if world.processes[0].is_gone() {
                break;
            }
            world.make(Move::Step(0));
        }
        if world.ever_owned {
            Ok(world.directory)
        } else {
            Err(format!(
                "wedged: a newcomer does not get in ({:?})",
                world.processes[0]
            ))
        }
    }
}

fn tell((pid, step): (u32, Step)) -> String {
    match step {
        Step::Does(call, reply) => format!("{pid}: {call:?} -> {reply:?}"),
        other => format!("{pid}: {other:?}"),
    }
}

/// A process that sweeps without a cause.
fn sweeper() -> u32 {
    (1000..)
        .find(|pid| sweeps_unasked(&directory::identity(*pid, 0)))
        .expect("one in 64 is")
}

#[derive(Clone, Copy)]
enum Move {
    Step(usize),
    Crash(usize),
    Succeed(usize),
}

/// Sixty-four bits: among two million states, two share theirs with a probability of one in ten million.
fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}
