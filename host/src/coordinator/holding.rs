//! The time of an owner: until when it may act, by the confirms that succeeded.
//!
//! The deadline is D after the last successful confirm was *sent*. A confirm that is answered after the deadline is a loss,
//! though it succeeded: another owner may have come.

use std::time::Duration;

use super::{
    operations::Facts,
    reading::Reading,
    session::{FencingToken, Revision, Session},
    view::{Flaw, View},
};

/// Why an owner must count its lock as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Loss {
    /// No confirm succeeded in time.
    Deadline,
    /// The session is gone.
    SessionGone,
    /// The coordinator's data was wiped, or it is another coordinator.
    OtherIncarnation,
    /// The coordinator's data was restored from a snapshot.
    Restored,
    /// The directory's key names another session, or is gone.
    KeyLost,
}

/// The time of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Holding {
    view: View,
    token: FencingToken,
    /// D.
    deadline: Duration,
    /// When the last successful confirm was sent, or the transaction.
    sent: Reading,
    lost: Option<Loss>,
}

impl Holding {
    /// Begins with the transaction, which was sent at this time and was answered with the token.
    pub(crate) fn new(
        own: Session,
        token: FencingToken,
        deadline: Duration,
        sent: Reading,
    ) -> Self {
        let seen = Revision(token.0);
        Self {
            view: View { own, seen },
            token,
            deadline,
            sent,
            lost: None,
        }
    }

    /// Returns the session.
    #[cfg(test)]
    pub(crate) fn own(&self) -> Session {
        self.view.own
    }

    /// Returns the token.
    pub(crate) fn token(&self) -> FencingToken {
        self.token
    }

    /// Returns how long the owner may still act: nothing once the lock is lost.
    pub(crate) fn left(&self, now: Reading) -> Duration {
        match self.lost {
            Some(_) => Duration::ZERO,
            None => self.deadline.saturating_sub(now.most_since(&self.sent)),
        }
    }

    /// Returns why the lock is lost, if it is.
    pub(crate) fn loss(&self, now: Reading) -> Option<Loss> {
        self.lost
            .or_else(|| self.left(now).is_zero().then_some(Loss::Deadline))
    }

    /// Takes the answer to a confirm that was sent and answered at these times.
    ///
    /// # Errors
    ///
    /// If the lock is lost, for good.
    pub(crate) fn confirmed(
        &mut self,
        facts: &Facts,
        sent: Reading,
        answered: Reading,
    ) -> Result<(), Loss> {
        let lost = self.loss(answered).or_else(|| self.flaw(facts));
        self.lost = lost;
        match lost {
            Some(loss) => Err(loss),
            None => {
                // Answers may overtake each other.
                if sent.most_since(&self.sent) > Duration::ZERO {
                    self.sent = sent;
                }
                Ok(())
            }
        }
    }

    fn flaw(&mut self, facts: &Facts) -> Option<Loss> {
        match self.view.check(facts) {
            Err(Flaw::OtherIncarnation) => Some(Loss::OtherIncarnation),
            Err(Flaw::OwnGone) => Some(Loss::SessionGone),
            Err(Flaw::Fallen) => Some(Loss::Restored),
            Ok(()) if facts.key.map(|key| key.nonce) != Some(self.view.own.nonce) => {
                Some(Loss::KeyLost)
            }
            Ok(()) => None,
        }
    }
}

#[cfg(test)]
mod tests;
