//! The next events in a state: a step of a process, or an event from outside.

use crate::{
    contender::Contender,
    directory::{File, Files, Name},
    faults::{Fault, faults},
    inspector::Inspector,
    local::{Body, Info, Local, Place, Turn, Who},
    original::Original,
    seeds::Seed,
    setting::{Setting, Sort},
    table::Table,
    world::{SLOTS, World},
};

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// This process takes its next step.
    Step(u8),
    /// This process goes on: at once, or after the longest time that it can wait for.
    GoesOn(u8, bool),
    /// Its attempt is over, and it tries again.
    TriesAgain(u8),
    Exits(u8),
    Crashes(u8),
    /// A process starts in the place of one that has ended: with a pid of its own …
    Arrives(u8),
    /// … or with the same.
    ArrivesWithItsPid(u8),
    /// A process that wants no lock gets the pid of one that has ended.
    BecomesAStranger(u8),
    Snapshot(File),
    /// A user removes the lock file of an owner.
    RemoveLock,
    /// A cleaner removes a file of the lock.
    Clean(Name),
    /// This owner puts its lock file back.
    PutsBack(u8),
    /// More than a minute passes.
    AMinutePasses,
    /// A process of unknown liveness ends.
    OutsidersEnd,
    /// This process's next step fails.
    Fails(u8, Fault),
}

/// Longer than any wait, in milliseconds.
const LONG: u64 = 3_000;

impl World {
    pub fn actions(&self, setting: &Setting, table: &Table, actions: &mut Vec<Action>) {
        for slot in 0..setting.sorts.len() {
            self.actions_of(slot, setting, table, actions);
        }
        if self.budget.snapshots > 0 {
            let files: Files = self.directory.names().map(|(_, file)| file).collect();
            actions.extend(
                (1..32)
                    .filter(|file| files.contains(*file))
                    .map(Action::Snapshot),
            );
        }
        if self.budget.removals > 0 && self.has_owner_with_its_lock(table) {
            actions.push(Action::RemoveLock);
        }
        // The original removes whichever file has the name when it releases, so only lockhost's files are cleaned.
        let ours = |info: &Info| info.claim == self.directory.id(Name::Level(0)).ok();
        if self.budget.cleanings > 0
            && self.has_owner_with_its_lock(table)
            && self.locals.iter().any(|it| ours(table.info(*it)))
        {
            actions.push(Action::Clean(Name::Level(0)));
        }
        if self.budget.unclaimings > 0 {
            let infos = self.locals.iter().map(|local| table.info(*local));
            let owners =
                infos.filter(|info| info.owner || info.restoring && setting.unclaims_any_time);
            let claims = owners.filter_map(|info| Some(Name::Claim(info.last?)));
            let there = claims.filter(|claim| self.directory.id(*claim).is_ok());
            actions.extend(there.map(Action::Clean));
        }
        if self.budget.eras > 0 {
            actions.push(Action::AMinutePasses);
        }
        if self.outside != Files::default() {
            actions.push(Action::OutsidersEnd);
        }
    }

    fn actions_of(&self, slot: usize, setting: &Setting, table: &Table, actions: &mut Vec<Action>) {
        let info = table.info(self.locals[slot]);
        let number = slot as u8;
        match info.turn {
            // Processes that have done nothing yet are all alike: the first of them begins first.
            Turn::Does(_) if info.fresh && self.has_twin_before(slot, setting, table) => return,
            Turn::Does(op) => {
                if setting.restores && info.owner && self.has_lost_a_name(info) {
                    actions.push(Action::PutsBack(number));
                }
                actions.push(Action::Step(number));
                if self.budget.faults > 0 {
                    let faults = faults(op, setting.codes).into_iter();
                    actions.extend(faults.map(|fault| Action::Fails(number, fault)));
                }
            }
            Turn::Waits => {
                actions.push(Action::GoesOn(number, false));
                let waited_out = setting.seed == Some(Seed::OriginalNotAwaited);
                if self.since[slot] == 0 || waited_out {
                    actions.push(Action::GoesOn(number, true));
                }
            }
            Turn::Rests => actions.extend([Action::TriesAgain(number), Action::Exits(number)]),
            Turn::None => return self.successors_of(slot, setting, table, actions),
        }
        if self.budget.crashes > 0 && !info.fresh && !self.shares_process_before(slot, table) {
            actions.push(Action::Crashes(number));
        }
    }

    fn successors_of(
        &self,
        slot: usize,
        setting: &Setting,
        table: &Table,
        actions: &mut Vec<Action>,
    ) {
        let number = slot as u8;
        let pid = table.info(self.locals[slot]).who.pid;
        if self.budget.arrivals > 0 {
            actions.push(Action::Arrives(number));
        }
        if self.living(pid, table).is_some() {
            return;
        }
        if self.budget.reuses > 0 {
            actions.push(Action::ArrivesWithItsPid(number));
        }
        if self.budget.strangers > 0 && setting.sorts[slot] != Sort::Inspector {
            actions.push(Action::BecomesAStranger(number));
        }
    }

    fn has_owner_with_its_lock(&self, table: &Table) -> bool {
        let lock = self.directory.id(Name::Level(0));
        let mut owners = self
            .locals
            .iter()
            .map(|local| table.info(*local))
            .filter(|it| it.owner || it.restoring);
        owners.any(|owner| lock.is_ok_and(|lock| owner.made.contains(&(Name::Level(0), lock))))
    }

    /// Returns whether the lock file is not that of this owner, or its claim is missing.
    fn has_lost_a_name(&self, owner: &Info) -> bool {
        let is_missing = |claim| self.directory.id(Name::Claim(claim)).is_err();
        let lock = self.directory.id(Name::Level(0)).ok();
        lock.is_none()
            || lock != owner.claim
            || owner.claim.is_some() && owner.last.is_some_and(is_missing)
    }

    fn has_twin_before(&self, slot: usize, setting: &Setting, table: &Table) -> bool {
        let twins = (0..slot).filter(|twin| setting.sorts[*twin] == setting.sorts[slot]);
        twins
            .map(|twin| table.info(self.locals[twin]))
            .any(|twin| twin.fresh)
            && setting.sorts[slot] != Sort::Thread
    }

    fn shares_process_before(&self, slot: usize, table: &Table) -> bool {
        let who = table.info(self.locals[slot]).who;
        let before = self.locals[..slot].iter().map(|local| table.info(*local));
        before
            .filter(|info| info.is_alive() && !info.fresh)
            .any(|info| info.who == who)
    }

    /// Makes an event happen.
    pub fn happen(&mut self, action: Action, setting: &Setting, table: &mut Table) {
        match action {
            Action::Step(slot) => {
                self.note_hurry(slot.into(), table);
                self.step(slot.into(), table);
                self.unnoticed(slot.into(), setting, table);
            }
            Action::GoesOn(slot, long) => {
                let slot = usize::from(slot);
                let local = table
                    .local(self.locals[slot])
                    .resume(if long { LONG } else { 0 });
                let local = table.number(local);
                if long {
                    table.waits.insert(self.locals[slot], local);
                }
                self.put(slot, local, table);
                self.since[slot] = self.in_a_hurry(table) & !(1 << slot);
                self.unnoticed(slot, setting, table);
            }
            Action::TriesAgain(slot) => {
                let slot = usize::from(slot);
                let local = table.local(self.locals[slot]).again();
                let local = table.number(local);
                self.put(slot, local, table);
            }
            Action::Exits(slot) => self.exit(slot.into(), table),
            Action::Crashes(slot) => {
                self.budget.crashes -= 1;
                self.crashed = true;
                table.count(|counts| counts.crashes += 1);
                let who = table.info(self.locals[usize::from(slot)]).who;
                self.crash(who, table);
            }
            Action::Arrives(slot) => {
                self.budget.arrivals -= 1;
                let who = self.no_owner_yet(setting.sorts[usize::from(slot)]);
                self.arrive(slot.into(), who, setting, table);
            }
            Action::ArrivesWithItsPid(slot) => {
                self.budget.reuses -= 1;
                table.count(|counts| counts.reuses += 1);
                let who = table.info(self.locals[usize::from(slot)]).who;
                let who = Who {
                    start: who.start + 1,
                    ..who
                };
                self.arrive(slot.into(), who, setting, table);
            }
            Action::BecomesAStranger(slot) => {
                self.budget.strangers -= 1;
                table.count(|counts| counts.reuses += 1);
                self.strangers |= 1 << slot;
            }
            Action::Snapshot(file) => {
                self.budget.snapshots -= 1;
                self.directory.snapshot(file);
            }
            Action::RemoveLock => {
                self.budget.removals -= 1;
                let _ = self.directory.unlink(Name::Level(0));
                self.directory.forget_unused(self.open(table));
            }
            Action::Clean(name) => {
                match name {
                    Name::Level(_) => {
                        self.budget.cleanings -= 1;
                        self.dispossess(table);
                    }
                    Name::Claim(_) => self.budget.unclaimings -= 1,
                }
                let _ = self.directory.unlink(name);
                self.directory.forget_unused(self.open(table));
            }
            Action::PutsBack(slot) => {
                let slot = usize::from(slot);
                let local = table.local(self.locals[slot]).put_back();
                let local = table.number(local);
                self.put(slot, local, table);
                self.since[slot] = self.in_a_hurry(table) & !(1 << slot);
                self.unnoticed(slot, setting, table);
            }
            Action::AMinutePasses => {
                self.budget.eras -= 1;
                self.era += 1;
            }
            Action::Fails(slot, fault) => {
                self.budget.faults -= 1;
                self.note_hurry(slot.into(), table);
                self.fail(slot.into(), fault, table);
                self.unnoticed(slot.into(), setting, table);
            }
            Action::OutsidersEnd => {
                self.outside = Files::default();
                self.directory.forget_unused(self.open(table));
            }
        }
    }

    /// Records that the lock file is about to be removed under its maker.
    fn dispossess(&mut self, table: &Table) {
        let Ok(lock) = self.directory.id(Name::Level(0)) else {
            return;
        };
        for (slot, local) in self.locals.iter().enumerate() {
            if table.info(*local).made.contains(&(Name::Level(0), lock)) {
                self.dispossessed |= 1 << slot;
                self.removed_again |= u8::from(table.info(*local).restoring) << slot;
            }
        }
    }

    /// Returns the originals that are in the middle of an attempt.
    fn in_a_hurry(&self, table: &Table) -> u8 {
        let slots = self.locals.iter().enumerate();
        let hurried = slots.filter(|(_, local)| table.info(**local).in_a_hurry);
        hurried.fold(0, |set, (slot, _)| set | 1 << slot)
    }

    /// Records the originals in a hurry: time is measured from the beginning of an attempt on.
    fn note_hurry(&mut self, slot: usize, table: &Table) {
        if table.info(self.locals[slot]).fresh {
            self.since[slot] = self.in_a_hurry(table) & !(1 << slot);
        }
    }

    fn unnoticed(&mut self, slot: usize, setting: &Setting, table: &mut Table) {
        if setting.reduced {
            self.go_on_unnoticed(slot, table);
        }
    }

    fn exit(&mut self, slot: usize, table: &mut Table) {
        let who = table.info(self.locals[slot]).who;
        let gone = table.number(Local::gone(who, crate::local::End::Well));
        self.put(slot, gone, table);
    }

    /// Returns a process that did not exist before.
    pub fn no_owner_yet(&mut self, sort: Sort) -> Who {
        let pid = self.next_pid;
        if sort != Sort::Thread {
            self.next_pid += 1;
        }
        Who {
            pid: if sort == Sort::Thread { pid - 1 } else { pid },
            start: 1,
            sweeps: sort == Sort::Sweeper,
            place: match sort {
                Sort::In(place) => place,
                _ => Place::default(),
            },
        }
    }

    /// Starts a process.
    pub fn arrive(&mut self, slot: usize, who: Who, setting: &Setting, table: &mut Table) {
        let body = match setting.sorts[slot] {
            sort @ (Sort::Ours | Sort::In(_) | Sort::Sweeper | Sort::Thread | Sort::Assuming) => {
                let assumed = setting.assumed.filter(|_| sort == Sort::Assuming);
                let assumed = assumed.map(|assumed| table.assumed_identity(assumed));
                let contender = Contender::new(setting.rounds, setting.seed, assumed);
                Body::Contender(Box::new(contender))
            }
            Sort::Original { atomic } => Body::Original(Original::new(who.pid, atomic)),
            Sort::Inspector => Body::Inspector(Box::new(Inspector::new())),
        };
        let local = table.number(Local { who, body });
        self.strangers &= !(1 << slot);
        self.put(slot, local, table);
    }

    /// Returns the world at the beginning.
    pub fn begin(setting: &Setting, start: &crate::setting::Start, table: &mut Table) -> Self {
        let gone = table.number(Local::gone(Who::default(), crate::local::End::Well));
        let (directory, outside) = start.directory(table);
        let mut world = Self {
            directory,
            locals: [gone; SLOTS],
            strangers: 0,
            since: [0; SLOTS],
            budget: setting.budget,
            era: 0,
            outside,
            deepest: setting.deepest(start),
            next_pid: 1,
            free: false,
            owned: false,
            crashed: false,
            given_up: Files::default(),
            robbed: false,
            dispossessed: 0,
            removed_again: 0,
            failed: None,
        };
        world.free = !world.is_blocked_but_by_the_assumed(table);
        for (slot, sort) in setting.sorts.iter().enumerate() {
            let who = world.no_owner_yet(*sort);
            world.arrive(slot, who, setting, table);
        }
        world
    }
}
