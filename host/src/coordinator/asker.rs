//! The asker: it judges the sessions of other owners, by what the coordinator reports and by its own clocks.
//!
//! *Gone* is not *dead*. The first *gone* is a transaction that marks the asker's session, so that data that is restored from
//! a snapshot cannot hide it. From its answer on, the asker waits W. A session that is there again, another incarnation, or a
//! revision that falls voids the wait. Only a *gone* after W means that the owner is dead: its last confirm was sent before
//! the first *gone*, so its deadline has passed.
//!
//! It asks nothing itself. It names the question, and takes the answer.

use std::time::Duration;

use super::{
    operations::{Facts, Marked},
    reading::Reading,
    session::{Revision, Session},
    timing::Timing,
    view::{Flaw, View},
};

/// The judgement about a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verdict {
    /// The session is there.
    Alive,
    /// The session is gone, and was watched for W.
    Dead,
    /// The session is gone for so long, and counts as dead in so long.
    Watched { gone: Duration, left: Duration },
    /// The session is of another incarnation of the coordinator's data.
    OtherIncarnation,
    /// The coordinator's data is not what it was: what was seen counts no more, and the next question begins anew.
    Changed,
    /// The asker's own session is gone. It can judge no owner any more.
    OwnGone,
}

/// What to do after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Next {
    /// Execute the transaction of the first *gone*.
    Mark,
    /// The judgement.
    Judged(Verdict),
}

/// A session that was seen gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Watch {
    session: Session,
    /// When the answer to the first *gone* came.
    since: Reading,
}

/// The judge of other sessions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asker {
    view: View,
    watches: Vec<Watch>,
    /// Whether its session is gone.
    ended: bool,
}

impl Asker {
    /// Creates the asker of a session that was enrolled at this revision.
    pub(crate) fn new(own: Session, seen: Revision) -> Self {
        Self {
            view: View { own, seen },
            watches: Vec::new(),
            ended: false,
        }
    }

    /// Returns its session.
    pub(crate) fn own(&self) -> Session {
        self.view.own
    }

    /// Begins to judge a session. Returns the judgement if no question is needed; otherwise, observe the session.
    pub(crate) fn ask(&self, judged: Session) -> Option<Verdict> {
        if self.ended {
            Some(Verdict::OwnGone)
        } else if judged.incarnation != self.view.own.incarnation {
            Some(Verdict::OtherIncarnation)
        } else {
            None
        }
    }

    /// Takes the answer to an observation. `deadline` is the D of the judged session, `sent` is when the question was sent.
    pub(crate) fn observed(
        &mut self,
        judged: Session,
        deadline: Duration,
        facts: &Facts,
        sent: Reading,
    ) -> Next {
        if let Some(verdict) = self.looked(judged, facts) {
            return Next::Judged(verdict);
        }
        match self.watches.iter().find(|watch| watch.session == judged) {
            None => Next::Mark,
            Some(watch) => {
                let gone = sent.least_since(&watch.since);
                let wait = Timing::watch(deadline);
                Next::Judged(match wait.checked_sub(gone) {
                    None | Some(Duration::ZERO) => Verdict::Dead,
                    Some(left) => Verdict::Watched { gone, left },
                })
            }
        }
    }

    /// Takes the answer to the transaction of the first *gone*. `answered` is when it came.
    pub(crate) fn marked(
        &mut self,
        judged: Session,
        deadline: Duration,
        answer: &Marked,
        answered: Reading,
    ) -> Verdict {
        match answer {
            Marked::Refused(facts) => {
                let verdict = self.looked(judged, facts);
                // Gone between two times at which it was there.
                verdict.unwrap_or(Verdict::Changed)
            }
            Marked::Marked(revision) => match self.view.advance(*revision) {
                Err(flaw) => self.flawed(flaw),
                Ok(()) => {
                    self.watches.retain(|watch| watch.session != judged);
                    self.watches.push(Watch {
                        session: judged,
                        since: answered,
                    });
                    Verdict::Watched {
                        gone: Duration::ZERO,
                        left: Timing::watch(deadline),
                    }
                }
            },
        }
    }

    /// Takes facts that were read for another purpose.
    ///
    /// # Errors
    ///
    /// If they void what was seen.
    pub(crate) fn checked(&mut self, facts: &Facts) -> Result<(), Verdict> {
        let checked = self.view.check(facts);
        checked.map_err(|flaw| self.flawed(flaw))
    }

    /// Notes the revision of a transaction.
    ///
    /// # Errors
    ///
    /// If it voids what was seen.
    pub(crate) fn advanced(&mut self, revision: Revision) -> Result<(), Verdict> {
        let advanced = self.view.advance(revision);
        advanced.map_err(|flaw| self.flawed(flaw))
    }

    /// Forgets that a session was seen gone.
    pub(crate) fn forget(&mut self, session: Session) {
        self.watches.retain(|watch| watch.session != session);
    }

    /// Returns the judgement, or none if the session is gone.
    fn looked(&mut self, judged: Session, facts: &Facts) -> Option<Verdict> {
        if let Err(verdict) = self.checked(facts) {
            return Some(verdict);
        }
        if facts.judged {
            self.forget(judged);
            return Some(Verdict::Alive);
        }
        None
    }

    fn flawed(&mut self, flaw: Flaw) -> Verdict {
        self.watches.clear();
        match flaw {
            Flaw::Fallen => Verdict::Changed,
            Flaw::OwnGone => {
                self.ended = true;
                Verdict::OwnGone
            }
            // Its own session is not there either.
            Flaw::OtherIncarnation => {
                self.ended = true;
                Verdict::OtherIncarnation
            }
        }
    }
}

#[cfg(test)]
mod tests;
