//! The end of an attempt, or its pause.

use super::{
    Claims, Goal, Machine, RETRIES, State, Then, Turn, Wait,
    give_up::Levels,
    outcome::{Awaited, Cause, Error, Failure, Operation, Warning},
};
use crate::{
    call::Call,
    facts::ErrorCode,
    names::{DEEPEST, Identity, Name},
};

impl Machine {
    // ends

    /// Counts a retry. Returns whether there were too many.
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
        self.abort(Error {
            name,
            cause: Cause::Failed(operation, code),
        })
    }

    /// Ends the attempt, and gives up every file that may be ours. If the lock is already ours, only the reclaim locks
    /// go: the failure is then one of tidying.
    pub(super) fn abort(&mut self, error: Error) -> Turn {
        if let Goal::Tidy(_) = self.goal {
            if let Cause::Failed(operation, code) = error.cause {
                let name = error.name;
                self.warn(Some(Failure {
                    operation,
                    name,
                    code,
                }));
            }
            return self.give_up_reclaims(Then::Tidy);
        }
        self.end = Err(error);
        let claim = self.claim();
        self.give_up_names(Then::End, self.levels, claim)
    }

    pub(super) fn contended(&mut self, level: u8) -> Turn {
        self.abort(Error::at(level, Cause::Contended))
    }

    pub(super) fn give_up_reclaims(&mut self, then: Then) -> Turn {
        self.give_up_names(then, self.levels.above(), None)
    }

    fn give_up_names(&mut self, then: Then, levels: Levels, claim: Option<Identity>) -> Turn {
        let unsure = self.unsure.take();
        let call = self.begin_to_give_up(levels, unsure, claim);
        self.given_up(then, call)
    }

    /// Begins to give up these levels, of which one may be unsure, and our claim, if it is named.
    pub(super) fn begin_to_give_up(
        &mut self,
        levels: Levels,
        unsure: Option<u8>,
        claim: Option<Identity>,
    ) -> Option<Call> {
        let evidence = self.keeps_evidence();
        let names = self.names_of_claim();
        self.give_up
            .begin(levels, unsure, self.own, claim, evidence, names)
    }

    pub(super) fn given_up(&mut self, then: Then, call: Option<Call>) -> Turn {
        if call.is_some() {
            self.state = State::GiveUp(then);
            return call;
        }
        let failure = self.give_up.failure;
        match (then, failure) {
            // A refusal that leaves a file of ours behind becomes a failure; a failure stays as it is.
            (Then::End, Some(failure)) => {
                if !matches!(self.end, Err(error) if matches!(error.cause, Cause::Failed(..))) {
                    self.end = Err(failure.into());
                }
                self.ended()
            }
            // A faster process took the name that this attempt had freed. It does not know that there is a claim to
            // sweep.
            (Then::End, None) if !self.victims.is_empty() => {
                let victims = core::mem::take(&mut self.victims);
                let call = self.sweep.bury(victims);
                self.swept(Claims::Replaced, call)
            }
            (Then::End, None) => self.ended(),
            (Then::Settle(_) | Then::Watch(_), Some(failure)) if self.goal == Goal::Lock => {
                self.abort(failure.into())
            }
            (Then::Settle(level), None) if self.goal == Goal::Lock => {
                self.levels = Levels::default();
                self.again(State::Wait(Wait::Settle), Awaited::Settling, level)
            }
            (Then::Watch(level), None) if self.goal == Goal::Lock => {
                self.levels = Levels::default();
                self.again(State::Wait(Wait::Settle), Awaited::Session, level)
            }
            (Then::Settle(_) | Then::Watch(_) | Then::Tidy, failure) => {
                // The release tries again to remove what could not be removed now.
                let lock = self.own();
                self.levels = self.give_up.left;
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

    /// Removes claims of dead owners, with this call next.
    pub(super) fn swept(&mut self, claims: Claims, call: Option<Call>) -> Turn {
        if call.is_some() {
            self.state = State::Sweep(claims);
            return call;
        }
        match claims {
            Claims::Replaced => self.ended(),
            Claims::Listed | Claims::Tidied => {
                self.warn(self.sweep.failure);
                if self.sweep.partial {
                    self.warn_of(Warning::Unswept);
                }
                match claims == Claims::Listed && self.sweep.reclaims {
                    true => self.next_leftover(DEEPEST),
                    false => self.owned(),
                }
            }
        }
    }

    pub(super) fn warn(&mut self, untidy: Option<Failure>) {
        if let Some(failure) = untidy {
            self.warn_of(Warning::Untidy(failure));
        }
    }

    /// The second sweep of an owner may fail as the first one did.
    fn warn_of(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    pub(super) fn owned(&mut self) -> Turn {
        self.state = State::Owned;
        self.end = Ok(());
        None
    }

    fn ended(&mut self) -> Turn {
        self.state = State::Ended;
        None
    }

    /// Pauses the attempt, which goes on later from this state.
    pub(super) fn again(&mut self, state: State, awaited: Awaited, level: u8) -> Turn {
        self.state = state;
        self.end = Err(Error::at(level, Cause::Again(awaited)));
        None
    }

    pub(super) fn stop(&mut self, error: Error) -> Turn {
        self.end = Err(error);
        self.ended()
    }

    /// Returns the identity in the claim's name, unless there is none: before *claim*, which may know the maker already, and where
    /// the lock is made in place.
    pub(super) fn claim(&self) -> Option<Identity> {
        let has_none = self.in_place || matches!(self.state, State::New | State::Look(_));
        let maker = self.maker.filter(|_| !has_none);
        maker.map(|maker| maker.identity)
    }
}
