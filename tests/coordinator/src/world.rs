//! All machines, coordinators and the directory at one time.

use crate::{
    clock::{DEADLINE, KILL, Rate},
    coordinator::Coordinator,
    directory::Directory,
    machine::{At, Command, Guard, Machine, Request},
    rules::Rule,
    sessions::Session,
    setting::{Budget, Limit, Setting, Start},
};

/// The most machines in a run.
pub const MACHINES: usize = 3;

/// The token of an owner from before the beginning. Others have written since the snapshot of
/// a setting that is saved early.
const FIRST_TOKEN: u8 = 4;

/// A state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The machines. One that the setting does not have never does anything.
    pub machines: [Machine; MACHINES],
    /// The coordinator, and another one under the same address.
    pub coordinators: [Coordinator; 2],
    /// A snapshot of the first coordinator.
    pub saved: Option<Coordinator>,
    /// The number of the next incarnation.
    pub next_incarnation: u8,
    /// The incarnation of each session, as the name of its claim has it.
    pub incarnations: [u8; Session::MANY],
    /// The directory.
    pub directory: Directory,
    /// What can still go wrong.
    pub budget: Budget,
    /// True ticks modulo three, while a clock is not exact.
    pub phase: u8,
    /// The incarnation and the token of the last owner.
    pub fence: (u8, u8),
    /// Whether an owner had no higher token than the one before.
    pub fell: bool,
    /// Whether a kernel wrote a page of a dead owner while another one acted.
    pub overwritten: bool,
}

impl World {
    /// Returns the beginning of a run.
    pub fn begin(setting: &Setting) -> Self {
        let mut world = Self {
            machines: Default::default(),
            coordinators: Default::default(),
            saved: None,
            next_incarnation: 1,
            incarnations: Default::default(),
            directory: Directory::default(),
            budget: setting.budget,
            phase: 0,
            fence: (0, 0),
            fell: false,
            overwritten: false,
        };
        world.directory.late_removes = setting.late_removes;
        match setting.start {
            Start::Free => {}
            Start::Dead => {
                world.give(Session::DEAD);
                world.coordinators[0].remove(Session::DEAD);
                world.fence = (1, FIRST_TOKEN);
                world.directory.token = (1, FIRST_TOKEN);
            }
            Start::Held | Start::Acquired => {
                let session = Session::of(0, 0);
                let incarnation = world.give(session);
                world.machines[0] = Machine {
                    attempts: 1,
                    session: Some((session, incarnation)),
                    left: DEADLINE,
                    seen: if setting.counts_revisions() {
                        FIRST_TOKEN
                    } else {
                        0
                    },
                    ..Machine::default()
                };
                world.begin_to_hold(setting);
            }
        }
        if setting.saved_early {
            let mut saved = world.coordinators[0];
            saved.key = None;
            saved.revision = 1;
            world.saved = Some(saved);
        }
        world
    }

    fn begin_to_hold(&mut self, setting: &Setting) {
        let [machine, ..] = &mut self.machines;
        if setting.start == Start::Held {
            machine.command = Command::Running;
            machine.at = At::Hold;
            self.fence = (1, FIRST_TOKEN);
            self.directory.token = (1, FIRST_TOKEN);
        } else {
            machine.token = FIRST_TOKEN;
            machine.at = At::Start;
        }
    }

    /// Makes a session the first that has the lock and the key. Returns the incarnation.
    fn give(&mut self, session: Session) -> u8 {
        let [coordinator, _] = &mut self.coordinators;
        let incarnation = coordinator.enroll(session, &mut self.next_incarnation);
        coordinator.key = Some(session);
        coordinator.revision = FIRST_TOKEN;
        self.incarnations[session.index()] = incarnation;
        self.directory.link(session);
        incarnation
    }

    /// Returns the coordinator to which a machine's requests go.
    pub fn coordinator(&mut self, m: usize) -> &mut Coordinator {
        &mut self.coordinators[usize::from(self.machines[m].redirected)]
    }

    /// Returns how many owners act.
    pub fn acting(&self) -> usize {
        self.machines
            .iter()
            .filter(|machine| machine.acts())
            .count()
    }

    /// Counts a write of a coordinator, where the run needs to know of it.
    pub fn count_write(&mut self, which: usize, setting: &Setting) {
        if setting.counts_revisions() {
            self.coordinators[which].revision += 1;
        }
    }

    /// Lets a tick of true time go by. Before it, a guard that runs has killed each command that is due.
    pub fn tick(&mut self, setting: &Setting) {
        for (m, (rate, _)) in setting.machines.iter().enumerate() {
            let ticks = rate.ticks(self.phase);
            self.machines[m].tick(ticks, setting);
        }
        if setting.machines.iter().any(|(rate, _)| *rate != Rate::True) {
            self.phase = (self.phase + 1) % 3;
        }
    }
}

impl Machine {
    fn tick(&mut self, ticks: u8, setting: &Setting) {
        if self.paused && setting.limit == Some(Limit::ClockStops) {
            return;
        }
        self.left = self.left.saturating_sub(ticks);
        self.waited = match self.waits() {
            true => (self.waited + ticks).min(setting.wait()),
            false => 0,
        };
        if let Request::Sent(left) | Request::Compared(left) = &mut self.request {
            *left = left.saturating_sub(ticks);
        }
        if self.paused {
            if self.is_killed_by_a_timer(setting) {
                self.command = Command::None;
            }
            return;
        }
        match self.command {
            Command::Dying(0) => self.command = Command::None,
            Command::Dying(left) => self.command = Command::Dying(left.saturating_sub(ticks)),
            Command::Running if self.is_killed(setting) => {
                self.command = Command::Dying(KILL);
            }
            _ => {}
        }
    }

    /// Returns whether its command is killed now: it is time, or the deadman sees that the renewer is dead. A renewer that is
    /// not stopped is prompt.
    pub fn is_killed(&self, setting: &Setting) -> bool {
        let deadman = setting.rules.has(Rule::Deadman) && self.deadman == Guard::Up;
        let in_time = self.is_due(setting) && (deadman || self.renewer == Guard::Up);
        let bereaved = deadman && self.renewer == Guard::Dead;
        in_time || bereaved || self.is_killed_by_a_timer(setting)
    }

    /// Returns whether its guards must have killed its command.
    fn is_due(&self, setting: &Setting) -> bool {
        let kill = match setting.rules.has(Rule::DeadmanLeavesTime) {
            true => KILL,
            false => 0,
        };
        self.left <= kill
    }

    /// Returns whether the kernel wakes or kills its deadman now, and so its command ends.
    fn is_killed_by_a_timer(&self, setting: &Setting) -> bool {
        let rules = [
            Rule::Deadman,
            Rule::TimerKills,
            Rule::CommandDiesWithDeadman,
        ];
        let timer = rules.iter().all(|rule| setting.rules.has(*rule));
        timer && self.deadman != Guard::Dead && self.is_due(setting)
    }
}
