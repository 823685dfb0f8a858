//! What a run is about: machines, how it begins, what can go wrong, and which rules are followed.

use crate::{
    clock::{DEADLINE, EPSILON, Rate, longest_deadline},
    rules::{Rule, Rules},
};

/// How often each event can happen in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// A session goes although its owner lives: an operator revokes its lease, etcd drops it, or it expires.
    pub revocations: u8,
    /// The coordinator's data is wiped, and it starts with the same flags.
    pub wipes: u8,
    /// The coordinator's data is saved once, and restored once.
    pub restores: u8,
    /// Before any process of the lock asks it again, writes of others lift the revision of restored data to what it was.
    pub lifts: u8,
    /// A machine is led to another coordinator, which is empty.
    pub redirections: u8,
    /// A REMOVE is executed once more, later, or is delayed beyond its sender's end.
    pub replays: u8,
    /// A transaction is executed after its sender has given up waiting for it.
    pub late_transactions: u8,
    /// A process is killed: the renewer or the deadman.
    pub kills: u8,
    /// A machine loses its power.
    pub power_losses: u8,
    /// A renewer or a deadman is stopped for good.
    pub stops: u8,
    /// A machine is paused, with all its processes, and goes on.
    pub pauses: u8,
}

/// A state that the design page lists as one that no lock can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A hypervisor's pause stops the machine's clock.
    ClockStops,
    /// A descendant of the command escapes when the command is killed.
    Escape,
    /// The kernel writes a dirty page after the process that wrote to it has been reaped.
    DirtyPage,
    /// Not on the page: a machine or a group of processes goes on after its deadline, and the command runs before a guard
    /// does.
    CommandThawsFirst,
}

/// How a run begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// The directory is free.
    #[default]
    Free,
    /// The lock and the key are those of an owner whose machine has lost its power. Its session is gone.
    Dead,
    /// The first machine is the owner, and its command runs.
    Held,
    /// The first machine has the lock and the key, and has not started its command.
    Acquired,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// A short name.
    pub what: &'static str,
    /// The clock of each machine, and how many attempts it makes one after the other.
    pub machines: Vec<(Rate, u8)>,
    /// How it begins.
    pub start: Start,
    /// What can go wrong.
    pub budget: Budget,
    /// Whether the coordinator was saved after the first owner enrolled, and before it put the key.
    pub saved_early: bool,
    /// REMOVEs of `N` from before the beginning that the server has yet to execute.
    pub late_removes: u8,
    /// Whether no process gives up waiting for an answer, and no message of a release is lost.
    pub patient: bool,
    /// The state without a cure that can occur. At most one.
    pub limit: Option<Limit>,
    /// The rules.
    pub rules: Rules,
}

impl Setting {
    /// Returns a run in which nothing goes wrong but that all messages may be late or lost, and all processes slow.
    pub fn of(what: &'static str, attempts: &[u8]) -> Self {
        Self {
            what,
            machines: attempts.iter().map(|many| (Rate::True, *many)).collect(),
            start: Start::Free,
            budget: Budget::default(),
            saved_early: false,
            late_removes: 0,
            patient: false,
            limit: None,
            rules: Rules::of_lockhost(),
        }
    }

    /// Returns the same with these events.
    pub fn with(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// Returns the same with these clocks.
    pub fn clocks(mut self, rates: &[Rate]) -> Self {
        for (machine, rate) in self.machines.iter_mut().zip(rates) {
            machine.0 = *rate;
        }
        self
    }

    /// Returns the same beside a dead owner.
    pub fn dead(self) -> Self {
        Self {
            start: Start::Dead,
            ..self
        }
    }

    /// Returns the same while the first machine is the owner.
    pub fn held(self) -> Self {
        Self {
            start: Start::Held,
            ..self
        }
    }

    /// Returns the same when the first machine is about to start its command.
    pub fn acquired(self) -> Self {
        Self {
            start: Start::Acquired,
            ..self
        }
    }

    /// Returns the same with a snapshot from before the first owner put the key.
    pub fn saved_early(self) -> Self {
        Self {
            saved_early: true,
            ..self
        }
    }

    /// Returns the same after a release whose REMOVE the server will execute once more.
    pub fn with_late_remove(self) -> Self {
        Self {
            late_removes: 1,
            ..self
        }
    }

    /// Returns the same with processes that wait for each answer.
    pub fn patient(self) -> Self {
        Self {
            patient: true,
            ..self
        }
    }

    /// Returns the same by other rules.
    pub fn by(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// Returns the same without a rule.
    pub fn without(self, rule: Rule) -> Self {
        let rules = self.rules.without(rule);
        self.by(rules)
    }

    /// Returns the same with a state that no lock can mend.
    pub fn limit(self, limit: Limit) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// Returns W in ticks of an asker's clock. Where all clocks are exact, ρ is zero.
    pub fn wait(&self) -> u8 {
        if !self.rules.has(Rule::Wait) {
            return 0;
        }
        let exact = self.machines.iter().all(|(rate, _)| *rate == Rate::True);
        let longest = if exact || !self.rules.has(Rule::WaitHasRates) {
            DEADLINE
        } else {
            longest_deadline()
        };
        longest
            + if self.rules.has(Rule::WaitHasEpsilon) {
                EPSILON
            } else {
                0
            }
    }

    /// Returns whether revisions must be counted exactly. Elsewhere they only order the tokens.
    pub fn counts_revisions(&self) -> bool {
        self.budget.restores > 0
    }
}
