//! How an attempt ends, or pauses.

use super::{After, Goal, Machine, RETRIES, State, Turn};
use crate::{
    call::Call,
    contract::{Awaited, ErrorCode, Operation},
    dropping::Levels,
    lockfile::{Identity, Name},
    stop::{Failure, Stop, Warning},
};

impl Machine {
    // ends

    /// Counts a turn back. Whether there were too many.
    pub(super) fn is_worn_out(&mut self) -> bool {
        self.retries = self.retries.saturating_add(1);
        self.retries > RETRIES
    }

    pub(super) fn fail_at(&mut self, what: Operation, level: u8, code: ErrorCode) -> Turn {
        self.fail(what, Some(Name::Level(level)), code)
    }

    pub(super) fn fail(
        &mut self,
        operation: Operation,
        name: Option<Name>,
        code: ErrorCode,
    ) -> Turn {
        self.abort(Stop::Failed(Failure {
            operation,
            name,
            code,
        }))
    }

    /// The attempt is over. Everything that may be ours goes; but if the lock is already ours, only the reclaim locks
    /// do, since what fails then is tidying.
    pub(super) fn abort(&mut self, stop: Stop) -> Turn {
        if let Goal::Tidy(_) = self.goal {
            if let Stop::Failed(failure) = stop {
                self.warn(Some(failure));
            }
            return self.drop_reclaims(After::Tidy);
        }
        self.end = Err(stop);
        let claim = self.claim();
        self.drop_names(After::End, self.levels, claim)
    }

    pub(super) fn drop_reclaims(&mut self, after: After) -> Turn {
        self.drop_names(after, self.levels.above(), None)
    }

    fn drop_names(&mut self, after: After, levels: Levels, claim: Option<Identity>) -> Turn {
        let unsure = self.unsure.take();
        let call = self.dropping.begin(levels, unsure, self.own, claim);
        self.dropped(after, call)
    }

    pub(super) fn dropped(&mut self, after: After, call: Option<Call>) -> Turn {
        if let Some(call) = call {
            return self.call(State::Dropping(after), call);
        }
        let failure = self.dropping.failure;
        match (after, failure) {
            // A refusal that leaves something of ours behind is a failure; a failure stays the one that it is.
            (After::End, Some(failure)) if !matches!(self.end, Err(Stop::Failed(_))) => {
                self.stop(Stop::Failed(failure))
            }
            // Whoever was faster with the name that this attempt had made free does not know that there is a claim to
            // be swept.
            (After::End, None) if !self.victims.is_empty() => {
                let victims = core::mem::take(&mut self.victims);
                match self.sweep.bury(victims) {
                    Some(call) => self.call(State::Bury, call),
                    None => self.ended(),
                }
            }
            (After::End, _) => self.ended(),
            (After::Wait(_), Some(failure)) if self.goal == Goal::Lock => {
                self.abort(Stop::Failed(failure))
            }
            (After::Wait(level), None) if self.goal == Goal::Lock => {
                self.levels = Levels::default();
                self.state = State::WaitSettle;
                self.again(Awaited::Settling, level)
            }
            (After::Wait(_) | After::Tidy, failure) => {
                // What could not be removed now is tried again at the release.
                let lock = self.own();
                self.levels = self.dropping.left;
                if let Some(file) = lock {
                    self.levels.insert(0, file);
                }
                self.warn(failure);
                match self.goal {
                    Goal::Tidy(level) => self.next_leftover(level - 1),
                    Goal::Lock => self.next_leftover(0),
                }
            }
        }
    }

    pub(super) fn warn(&mut self, untidy: Option<Failure>) {
        if let Some(failure) = untidy {
            self.warnings.push(Warning::Untidy(failure));
        }
    }

    pub(super) fn ended(&mut self) -> Turn {
        self.state = State::Ended;
        None
    }

    pub(super) fn again(&mut self, awaited: Awaited, level: u8) -> Turn {
        self.end = Err(Stop::Again(awaited, level));
        None
    }

    pub(super) fn stop(&mut self, stop: Stop) -> Turn {
        self.state = State::Ended;
        self.end = Err(stop);
        None
    }

    pub(super) fn claim(&self) -> Option<Identity> {
        let maker = self.maker.filter(|_| !self.in_place);
        maker.map(|maker| maker.identity)
    }
}

/// A failure to look at a level, or to list the directory on the way.
pub(super) fn unseen(operation: Operation, level: u8, code: ErrorCode) -> Failure {
    Failure {
        operation,
        name: (operation != Operation::List).then_some(Name::Level(level)),
        code,
    }
}
