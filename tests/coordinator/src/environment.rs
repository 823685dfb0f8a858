//! What happens to processes, machines, the coordinator and the share from outside.

use crate::{
    clock::KILL,
    coordinator::Coordinator,
    machine::{At, Command, Guard, Request},
    rules::Rule,
    sessions::Session,
    setting::{Limit, Setting},
    steps::Move,
    world::World,
};

/// A step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A tick of true time goes by.
    Tick,
    /// A process takes a step.
    Step(usize, Move),
    /// The coordinator executes a request of this machine.
    Deliver(usize),
    /// The coordinator executes a transaction that this machine's process has given up waiting for.
    DeliverLate(usize),
    /// The command ends by itself, or the last process of it that was killed is reaped.
    CommandEnds(usize),
    /// The kernel of this machine writes a page of a dead command.
    WritesPage(usize),
    /// A session goes.
    Revoke(usize, Session),
    /// The coordinator loses its data.
    Wipe,
    /// The coordinator's data is saved.
    Save,
    /// The saved data is back. With `true`, writes of others then lift the revision to what it was before.
    Restore(bool),
    /// The requests of this machine go to another coordinator.
    Redirect(usize),
    /// The server executes a REMOVE of `N` late.
    LateRemove,
    /// The machine loses its power.
    LosePower(usize),
    /// The machine loses its power while its REMOVE of `N` is under way.
    LosePowerAtUnlink(usize),
    /// The renewer, or the asker, is killed.
    KillRenewer(usize),
    /// The deadman is killed.
    KillDeadman(usize),
    /// The renewer, or the asker, is stopped for good.
    StopRenewer(usize),
    /// The deadman is stopped for good.
    StopDeadman(usize),
    /// The machine is paused.
    Pause(usize),
    /// The machine goes on.
    Thaw(usize),
}

impl World {
    /// Adds what can happen.
    pub fn actions(&self, setting: &Setting, actions: &mut Vec<Action>) {
        actions.push(Action::Tick);
        let mut moves = Vec::new();
        for m in 0..setting.machines.len() {
            self.moves(m, setting, &mut moves);
            actions.extend(moves.drain(..).map(|step| Action::Step(m, step)));
            if self.is_deliverable(m) {
                actions.push(Action::Deliver(m));
            }
            if self.machines[m].late.is_some() {
                actions.push(Action::DeliverLate(m));
            }
            self.events_at_a_machine(m, actions);
        }
        if self.directory.late_removes > 0 {
            actions.push(Action::LateRemove);
        }
        self.events_at_the_coordinator(actions);
    }

    fn events_at_a_machine(&self, m: usize, actions: &mut Vec<Action>) {
        let (machine, budget) = (&self.machines[m], &self.budget);
        if machine.command == Command::DirtyPage {
            actions.push(Action::WritesPage(m));
        }
        if machine.paused {
            actions.push(Action::Thaw(m));
            return;
        }
        let runs = matches!(machine.command, Command::Running | Command::Dying(_));
        if runs {
            actions.push(Action::CommandEnds(m));
        }
        if budget.redirections > 0 && !machine.redirected && machine.at != At::Dead {
            actions.push(Action::Redirect(m));
        }
        if machine.deadman != Guard::Dead && runs {
            // Before it has a command to guard, its end is the end of the attempt.
            if budget.kills > 0 {
                actions.push(Action::KillDeadman(m));
            }
            if budget.stops > 0 && machine.deadman == Guard::Up {
                actions.push(Action::StopDeadman(m));
            }
        }
        if machine.at == At::Dead && !runs || machine.session.is_none() {
            return;
        }
        if budget.pauses > 0 && runs {
            actions.push(Action::Pause(m));
        }
        if budget.power_losses > 0 {
            actions.push(Action::LosePower(m));
            let unlinks = matches!(machine.at, At::Unlink | At::ReleaseUnlink);
            if unlinks && budget.replays > 0 {
                actions.push(Action::LosePowerAtUnlink(m));
            }
        }
        if budget.kills > 0 && machine.at != At::Dead {
            actions.push(Action::KillRenewer(m));
        }
        if budget.stops > 0 && machine.renewer == Guard::Up && runs {
            actions.push(Action::StopRenewer(m));
        }
    }

    fn events_at_the_coordinator(&self, actions: &mut Vec<Action>) {
        let (budget, [coordinator, _]) = (&self.budget, &self.coordinators);
        if budget.revocations > 0 {
            let sessions = coordinator.sessions.iter();
            actions.extend(sessions.map(|session| Action::Revoke(0, session)));
        }
        if budget.wipes > 0 && coordinator.incarnation != 0 {
            actions.push(Action::Wipe);
        }
        if self.saved.is_some() {
            actions.push(Action::Restore(false));
            if budget.lifts > 0 {
                actions.push(Action::Restore(true));
            }
        } else if budget.restores > 0 {
            actions.push(Action::Save);
        }
    }

    /// Lets something happen.
    pub fn happen(&mut self, action: Action, setting: &Setting) {
        match action {
            Action::Tick => self.tick(setting),
            Action::Step(m, step) => self.step(m, step, setting),
            Action::Deliver(m) => self.deliver(m, setting),
            Action::DeliverLate(m) => self.deliver_late(m, setting),
            Action::CommandEnds(m) => self.end_command(m, setting),
            Action::WritesPage(m) => {
                self.machines[m].command = Command::None;
                self.overwritten |= self.acting() > 0;
            }
            Action::Revoke(which, session) => {
                self.budget.revocations -= 1;
                self.coordinators[which].remove(session);
                self.count_write(which, setting);
            }
            Action::Wipe => {
                self.budget.wipes -= 1;
                self.coordinators[0] = Coordinator::default();
            }
            Action::Save => self.saved = Some(self.coordinators[0]),
            Action::Restore(lifted) => self.restore(lifted),
            Action::Redirect(m) => {
                self.budget.redirections -= 1;
                self.machines[m].redirected = true;
            }
            Action::LateRemove => {
                self.directory.late_removes -= 1;
                self.directory.lock = None;
            }
            Action::LosePower(m) => self.lose_power(m),
            Action::LosePowerAtUnlink(m) => {
                self.budget.replays -= 1;
                self.directory.late_removes += 1;
                self.lose_power(m);
            }
            Action::KillRenewer(m) => self.kill_renewer(m),
            Action::KillDeadman(m) => self.kill_deadman(m, setting),
            Action::StopRenewer(m) => {
                self.budget.stops -= 1;
                self.machines[m].renewer = Guard::Stopped;
            }
            Action::StopDeadman(m) => {
                self.budget.stops -= 1;
                self.machines[m].deadman = Guard::Stopped;
            }
            Action::Pause(m) => {
                self.budget.pauses -= 1;
                self.machines[m].paused = true;
            }
            Action::Thaw(m) => self.thaw(m, setting),
        }
    }

    fn end_command(&mut self, m: usize, setting: &Setting) {
        let machine = &mut self.machines[m];
        let killed = matches!(machine.command, Command::Dying(_));
        machine.command = match setting.limit {
            Some(Limit::Escape) if killed => Command::Escaped,
            Some(Limit::DirtyPage) if killed => Command::DirtyPage,
            _ => Command::None,
        };
    }

    fn restore(&mut self, lifted: bool) {
        let Some(mut saved) = self.saved.take() else {
            unreachable!("it was saved")
        };
        self.budget.restores -= 1;
        if lifted {
            saved.revision = saved.revision.max(self.coordinators[0].revision);
        }
        self.coordinators[0] = saved;
    }

    fn lose_power(&mut self, m: usize) {
        self.budget.power_losses -= 1;
        self.machines[m].command = Command::None;
        self.end_process(m);
    }

    /// The deadman sees the end of its pipe, and kills the command before the next tick.
    fn kill_renewer(&mut self, m: usize) {
        self.budget.kills -= 1;
        self.end_process(m);
    }

    fn kill_deadman(&mut self, m: usize, setting: &Setting) {
        self.budget.kills -= 1;
        let machine = &mut self.machines[m];
        machine.deadman = Guard::Dead;
        if setting.rules.has(Rule::CommandDiesWithDeadman) && machine.command == Command::Running {
            machine.command = Command::Dying(KILL);
        }
    }

    /// The process is dead. A transaction that it has sent may still be executed.
    fn end_process(&mut self, m: usize) {
        let machine = &mut self.machines[m];
        if machine.at == At::Transact && machine.request != Request::None {
            machine.late = machine
                .session
                .map(|(session, _)| (session, machine.judged));
        }
        machine.request = Request::None;
        machine.renewer = Guard::Dead;
        machine.session = None;
        machine.judged = None;
        machine.token = 0;
        machine.seen = 0;
        machine.go(At::Dead);
    }

    fn thaw(&mut self, m: usize, setting: &Setting) {
        let machine = &mut self.machines[m];
        machine.paused = false;
        // A process that was killed before it was thawed never runs again.
        let killed = matches!(machine.command, Command::Dying(_));
        // The guards run first.
        let due = machine.is_killed(setting);
        if killed || due && setting.limit != Some(Limit::CommandThawsFirst) {
            machine.command = Command::None;
        }
    }
}
