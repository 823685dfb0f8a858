//! The release of a lock, or of an attempt (protocol.md#release).
//!
//! The name is compared and then removed, in two steps: no system call removes a name only if it is a given file's. A
//! cleaner that removes the file between the two makes room for another process, whose file is then removed instead. An
//! exhaustive search shows that a third process can acquire the lock this way, in 13 steps. It takes a removal under a
//! living owner within that moment, and is documented.

use super::{Machine, State, give_up::GiveUp, outcome::Failure};
use crate::call::{Call, Next, Reply};

/// Why a lock could not be released in full. All other steps of the release were done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unreleased {
    /// The lock was no longer this owner's.
    Lost,
    /// A file could not be removed.
    Failed(Failure),
}

/// The result of a release.
pub type Released = Result<(), Unreleased>;

/// A release under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    held: bool,
    give_up: GiveUp,
}

impl Release {
    /// Goes on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Next<Released> {
        let call = self.give_up.reply(reply);
        self.next(call)
    }

    fn next(&self, call: Option<Call>) -> Next<Released> {
        Next::End(match (call, self.give_up.failure) {
            (Some(call), _) => return Next::Call(call),
            // Another process may have the directory: no other failure matters more.
            _ if self.held && self.give_up.lost => Err(Unreleased::Lost),
            (None, Some(failure)) => Err(Unreleased::Failed(failure)),
            (None, None) => Ok(()),
        })
    }
}

impl Machine {
    /// Gives the lock, or the attempt, up: the names, the claim, the evidence.
    #[must_use]
    pub fn release(&mut self) -> (Release, Next<Released>) {
        let held = matches!(self.state, State::Owned);
        let claim = self.claim();
        let call = self.begin_to_give_up(self.levels, self.unsure, claim);
        self.give_up.lost = self.lost;
        let release = Release {
            held,
            give_up: self.give_up,
        };
        self.state = State::Ended;
        let next = release.next(call);
        (release, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::Maker,
        machine::{Look, Take},
        names::{Identity, Name},
    };

    #[test]
    fn an_attempt_that_has_made_no_claim_removes_none() {
        let identity = Identity::new("1-p7").expect("an identity");
        let name = Name::Claim(identity);
        for (state, next) in [
            (State::New, Next::End(Ok(()))),
            (State::Look(Look::Judge), Next::End(Ok(()))),
            (State::Take(Take::Judge(0)), Next::Call(Call::Id { name })),
        ] {
            let mut machine = Machine::new("a.lock".into(), None);
            machine.maker = Some(Maker {
                pid: 7,
                identity,
                evidence: true,
                session: false,
            });
            machine.state = state;
            assert_eq!(machine.release().1, next);
        }
    }

    #[test]
    fn only_a_lock_that_was_held_can_be_lost() {
        for (state, lost, released) in [
            (State::Owned, true, Err(Unreleased::Lost)),
            (State::Owned, false, Ok(())),
            (State::Ended, true, Ok(())),
        ] {
            let mut machine = Machine::new("a.lock".into(), None);
            machine.state = state;
            machine.lost = lost;
            assert_eq!(machine.release().1, Next::End(released));
        }
    }
}
