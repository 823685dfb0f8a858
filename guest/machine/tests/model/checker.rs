//! The search through every state, by the model checker `stateright`.

use std::{
    fmt,
    sync::{Mutex, MutexGuard},
    time::Instant,
};

use rustc_hash::FxHashSet;
use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::{
    bounds::longest_attempt,
    directory::Directory,
    environment::Action,
    properties::Promise,
    setting::Setting,
    table::{Counts, Table},
    trace,
    world::World,
};

/// A run, in the form that the checker requires.
pub struct Run {
    setting: Setting,
    promises: Vec<Promise>,
    table: Mutex<Table>,
}

/// The coverage of a run.
#[derive(Debug)]
pub struct Covered {
    /// How many processes there can be on one way.
    processes: usize,
    /// Distinct states.
    pub states: usize,
    /// Steps between them.
    steps: usize,
    /// The most steps that a lockhost process takes from the beginning of its attempt to the end of its release.
    pub longest_attempt: usize,
    /// The directories that can be left when all have ended.
    pub ends: FxHashSet<Directory>,
    /// The numbers of steps of some kinds.
    pub counts: Counts,
}

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            processes,
            states,
            steps,
            longest_attempt,
            ends,
            counts:
                Counts {
                    acquisitions,
                    crashes,
                    reuses,
                },
        } = self;
        write!(
            f,
            "{processes} processes, {states} states, {steps} steps, {acquisitions} acquisitions, {crashes} crashes, \
             {reuses} pids reused, {longest_attempt} steps in the longest attempt, {} ends",
            ends.len()
        )
    }
}

impl Run {
    fn new(setting: Setting, promises: &[Promise]) -> Self {
        let table = Table::new(&setting);
        Self {
            setting,
            promises: promises.to_vec(),
            table: Mutex::new(table),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("no thread has panicked")
    }

    fn holds(&self, promise: Promise, world: &World) -> bool {
        promise.holds(world, &mut self.table())
    }
}

impl Model for Run {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let mut table = self.table();
        let starts = self.setting.starts.iter();
        starts
            .map(|start| World::begin(&self.setting, start, &mut table))
            .collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let mut table = self.table();
        if world.is_over(&table) {
            table.ends.insert(world.directory);
        }
        world.actions(&self.setting, &table, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = *world;
        next.happen(action, &self.setting, &mut self.table());
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.promises
            .iter()
            .map(|promise| property(*promise))
            .collect()
    }
}

fn property(promise: Promise) -> Property<Run> {
    let condition: fn(&Run, &World) -> bool = match promise {
        Promise::NeverTwoOwners => |run, world| run.holds(Promise::NeverTwoOwners, world),
        Promise::ALivingOwnersFileIsNeverRemovedByAnother => {
            |run, world| run.holds(Promise::ALivingOwnersFileIsNeverRemovedByAnother, world)
        }
        Promise::WhatALivingProcessHasMadeIsNeverRemovedByAnother => |run, world| {
            run.holds(
                Promise::WhatALivingProcessHasMadeIsNeverRemovedByAnother,
                world,
            )
        },
        Promise::AProcessGetsInWithoutACrash => {
            |run, world| run.holds(Promise::AProcessGetsInWithoutACrash, world)
        }
        Promise::NothingIsLeftWithoutACrash => {
            |run, world| run.holds(Promise::NothingIsLeftWithoutACrash, world)
        }
        Promise::NoWedge => |run, world| run.holds(Promise::NoWedge, world),
        Promise::TheNextSweepRemovesWhatTheDeadLeft => {
            |run, world| run.holds(Promise::TheNextSweepRemovesWhatTheDeadLeft, world)
        }
        Promise::AWaiterKeepsNoFileLocked => {
            |run, world| run.holds(Promise::AWaiterKeepsNoFileLocked, world)
        }
        Promise::EveryAttemptEndsWell => {
            |run, world| run.holds(Promise::EveryAttemptEndsWell, world)
        }
    };
    Property::always(promise.name(), condition)
}

/// A broken promise, and the shortest way there.
#[derive(Debug)]
pub struct Violation {
    pub promise: Promise,
    /// How many steps it takes.
    pub steps: usize,
    pub trace: Vec<String>,
}

/// Goes through every state of a run, and returns the coverage.
///
/// Panics where a promise is broken, with the way there.
pub fn exhaust(setting: Setting, promises: &[Promise]) -> Covered {
    let what = setting.what.clone();
    let processes = setting.processes();
    let began = Instant::now();
    let builder = Run::new(setting, promises).checker();
    let checker = builder
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_dfs()
        .join();
    if let Some(violation) = violation(&checker) {
        let Violation {
            promise,
            steps,
            trace,
        } = violation;
        let trace = trace.join("\n");
        panic!(
            "{what}: not so, after {steps} steps: {}\n{trace}",
            promise.name()
        );
    }
    assert!(checker.is_done(), "{what}: the search was cut short");
    let table = checker.model().table();
    let covered = Covered {
        processes,
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        longest_attempt: longest_attempt(&table),
        ends: table.ends.clone(),
        counts: table.counts,
    };
    println!("{what}: {covered} ({:.1?})", began.elapsed());
    covered
}

/// Returns the nearest state in which a promise is broken. None if there is none.
pub fn find(setting: Setting, promises: &[Promise]) -> Option<Violation> {
    let builder = Run::new(setting, promises).checker();
    let checker = builder
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    violation(&checker)
}

fn violation(checker: &impl Checker<Run>) -> Option<Violation> {
    let (name, path) = checker.discoveries().into_iter().next()?;
    let promise = Promise::ALL
        .into_iter()
        .find(|promise| promise.name() == name)?;
    let run = checker.model();
    let ways = path.into_vec();
    let begin = ways.first()?.0;

    let actions: Vec<Action> = ways.into_iter().filter_map(|(_, action)| action).collect();
    Some(Violation {
        promise,
        steps: actions.len(),
        trace: trace::tell(begin, &actions, &run.setting, &mut run.table()),
    })
}
