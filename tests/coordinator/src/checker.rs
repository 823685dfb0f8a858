//! The search through every state, by the model checker `stateright`.

use std::{fmt, time::Instant};

use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::{
    environment::Action, newcomer::Newcomers, properties::Promise, setting::Setting, trace,
    world::World,
};

/// A run, in the form that the checker requires.
struct Run {
    setting: Setting,
    promises: Vec<Promise>,
    newcomers: Newcomers,
}

/// The coverage of a run.
#[derive(Clone, Copy, Debug)]
pub struct Covered {
    /// Distinct states.
    pub states: usize,
    /// Steps between them.
    pub steps: usize,
}

/// A broken promise, and a shortest way there.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The promise.
    pub promise: Promise,
    /// How many steps it takes.
    pub steps: usize,
    /// What happens, one line a step.
    pub trace: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not so, after {} steps: {}\n{}",
            self.steps,
            self.promise.name(),
            self.trace.join("\n")
        )
    }
}

impl Run {
    fn new(setting: &Setting, promises: &[Promise]) -> Self {
        Self {
            setting: setting.clone(),
            promises: promises.to_vec(),
            newcomers: Newcomers::default(),
        }
    }

    fn holds(&self, promise: Promise, world: &World) -> bool {
        promise.holds(world, &self.setting, &self.newcomers)
    }
}

impl Model for Run {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::begin(&self.setting)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.actions(&self.setting, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = *world;
        next.happen(action, &self.setting);
        (next != *world).then_some(next)
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
        Promise::OneActs => |run, world| run.holds(Promise::OneActs, world),
        Promise::TokensRise => |run, world| run.holds(Promise::TokensRise, world),
        Promise::NoWedge => |run, world| run.holds(Promise::NoWedge, world),
        Promise::ReleaseIsPrompt => |run, world| run.holds(Promise::ReleaseIsPrompt, world),
    };
    Property::always(promise.name(), condition)
}

/// Goes through every state of a run, and returns the coverage.
///
/// # Panics
///
/// If a promise is broken, with the way there.
pub fn exhaust(setting: &Setting, promises: &[Promise]) -> Covered {
    let began = Instant::now();
    let builder = Run::new(setting, promises).checker();
    let checker = builder
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_dfs()
        .join();
    if checker.discoveries().into_iter().next().is_some() {
        let shortest = find(setting, promises);
        panic!(
            "{}: {}",
            setting.what,
            shortest.map_or_else(String::new, |violation| violation.to_string())
        );
    }
    assert!(
        checker.is_done(),
        "{}: the search was cut short",
        setting.what
    );
    let covered = Covered {
        states: checker.unique_state_count(),
        steps: checker.state_count(),
    };
    let Covered { states, steps } = covered;
    println!(
        "{}: {states} states, {steps} steps ({:.1?})",
        setting.what,
        began.elapsed()
    );
    covered
}

/// Returns a nearest state in which a promise is broken. None if there is none.
pub fn find(setting: &Setting, promises: &[Promise]) -> Option<Violation> {
    let builder = Run::new(setting, promises).checker();
    let checker = builder
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let (name, path) = checker.discoveries().into_iter().next()?;
    let promise = Promise::ALL
        .into_iter()
        .find(|promise| promise.name() == name)?;
    let actions: Vec<Action> = path.into_actions();
    Some(Violation {
        promise,
        steps: actions.len(),
        trace: trace::lines(&actions, setting),
    })
}
