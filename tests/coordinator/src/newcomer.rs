//! A newcomer that comes when all others have ended.

use std::sync::Mutex;

use rustc_hash::FxHashMap;

use crate::{
    clock::STOP,
    coordinator::Coordinator,
    directory::Directory,
    machine::At,
    sessions::Session,
    setting::{Budget, Setting, Start},
    steps::Move,
    world::World,
};

/// What newcomers have found, for each directory and coordinator.
#[derive(Debug, Default)]
pub struct Newcomers(Mutex<FxHashMap<Found, bool>>);

type Found = (Directory, Coordinator, [u8; Session::MANY], u8);

/// More steps than a newcomer needs that waits W for each session.
const STEPS: usize = 400;

impl Newcomers {
    /// Returns whether a newcomer acts in the end, or is right to say that the owner is unknown.
    pub fn get_in(&self, world: &World, setting: &Setting) -> bool {
        let [mut coordinator, _] = world.coordinators;
        coordinator.expire();
        let mut directory = world.directory;
        directory.late_removes = 0;
        let found = (
            directory,
            coordinator,
            world.incarnations,
            world.next_incarnation,
        );
        let mut known = self.0.lock().expect("no other thread has panicked");
        *known
            .entry(found)
            .or_insert_with(|| gets_in(found, setting))
    }
}

fn gets_in(found: Found, setting: &Setting) -> bool {
    let (directory, coordinator, incarnations, next_incarnation) = found;
    let mut setting = setting.clone();
    setting.machines.truncate(1);
    setting.budget = Budget {
        restores: setting.budget.restores,
        ..Budget::default()
    };
    setting.start = Start::Free;
    setting.late_removes = 0;
    let mut world = World {
        directory,
        incarnations,
        next_incarnation,
        ..World::begin(&setting)
    };
    world.coordinators[0] = coordinator;
    world.enroll_as(0, Session::NEWCOMER, &setting);
    // One that has given up comes again.
    for _ in 0..STEPS {
        match world.machines[0].at {
            At::Hold => return true,
            At::Idle => world.enroll_as(0, Session::NEWCOMER, &setting),
            _ => {}
        }
        let mut next = world;
        if world.is_deliverable(0) {
            next.deliver(0, &setting);
        } else if let Some(step) = chosen(&world, &setting) {
            next.step(0, step, &setting);
        }
        if next == world {
            next.tick(&setting);
        }
        world = next;
    }
    is_unknown(&world)
}

fn chosen(world: &World, setting: &Setting) -> Option<Move> {
    let mut moves = Vec::new();
    world.moves(0, setting, &mut moves);
    let late = world.machines[0].left <= STOP && moves.contains(&Move::Confirm);
    if late {
        return Some(Move::Confirm);
    }
    let mut chosen = moves.into_iter();
    chosen.find(|step| matches!(step, Move::Go | Move::Receive))
}

/// Returns whether an owner of another incarnation is there.
fn is_unknown(world: &World) -> bool {
    let mut owners = world.directory.claims;
    if let Some(owner) = world.directory.lock {
        owners.insert(owner);
    }
    let incarnation = world.coordinators[0].incarnation;
    let mut incarnations = owners
        .iter()
        .map(|session| world.incarnations[session.index()]);
    incarnations.any(|theirs| theirs != incarnation)
}
