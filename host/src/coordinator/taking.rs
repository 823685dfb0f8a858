//! The transaction for a directory's key, after the lock file is linked: the last step of an acquisition but its checks.
//!
//! The key is taken if it is absent, or names the session that was judged dead. A key that names another session is judged: its
//! owner may be releasing, or may have lost the lock file by a late unlink, and may still act.
//!
//! It asks nothing itself. It names the question, and takes the answer.

use std::time::Duration;

use super::{
    asker::{self, Asker, Verdict},
    operations::{Facts, KeyOwner, Marked, Taken},
    reading::Reading,
    session::{FencingToken, Nonce, Revision, Session},
};

/// How long the key's session may stay there, before the attempt is refused: a release takes three steps.
const PATIENCE: Duration = Duration::from_secs(2);

/// The question to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// Execute the transaction, with the session that was judged.
    Take(Option<Session>),
    /// Observe the key's session.
    Observe(KeyOwner),
    /// Execute the transaction of its first *gone*.
    Mark(KeyOwner),
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Ask at once.
    Ask(Question),
    /// Ask later: the key's session is there, or is watched with the time left.
    Wait(Question, Option<Duration>),
    /// The key is this session's.
    Taken(FencingToken),
    /// The key stays another session's.
    Refused(Refusal),
}

/// Why the key was not taken. What was made must be released, and the session is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    /// The key's session is there.
    Held(Nonce),
    /// The session that asks, or the coordinator's data, is not what it was.
    Lost(Verdict),
    /// The session that was judged dead is there, or its mark is gone: the data was restored.
    Restored,
}

/// The steps to the directory's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Taking {
    judged: Option<Session>,
    /// Since when the key's session was found there.
    held_since: Option<Reading>,
}

impl Taking {
    /// Begins. `judged` is the owner of the lock file that was judged dead, if there was one.
    pub(crate) fn new(judged: Option<Session>) -> Self {
        Self {
            judged,
            held_since: None,
        }
    }

    /// Returns the first question.
    pub(crate) fn begin(&self) -> Question {
        Question::Take(self.judged)
    }

    /// Returns the session that was judged last.
    pub(crate) fn judged(&self) -> Option<Session> {
        self.judged
    }

    /// Takes the answer to the transaction.
    pub(crate) fn taken(&mut self, asker: &mut Asker, answer: &Taken) -> Step {
        let facts = match answer {
            Taken::Taken(token) => {
                return match asker.advanced(Revision(token.0)) {
                    Ok(()) => Step::Taken(*token),
                    Err(verdict) => Step::Refused(Refusal::Lost(verdict)),
                };
            }
            Taken::Refused(facts) => facts,
        };
        if let Err(verdict) = asker.checked(facts) {
            return Step::Refused(Refusal::Lost(verdict));
        }
        let own = asker.own();
        match facts.key {
            Some(key) if key.nonce != own.nonce && self.judged_nonce() != Some(key.nonce) => {
                self.judged = Some(session_of(own, key));
                Step::Ask(Question::Observe(key))
            }
            // The key may be had, so it is the judged session that is not as it was.
            _ if self.judged.is_some() => Step::Refused(Refusal::Restored),
            // The key was released between the comparison and the read.
            _ => Step::Wait(Question::Take(None), None),
        }
    }

    /// Takes the answer to an observation of the key's session.
    pub(crate) fn observed(
        &mut self,
        asker: &mut Asker,
        key: KeyOwner,
        facts: &Facts,
        (sent, answered): (Reading, Reading),
    ) -> Step {
        if let Err(verdict) = asker.checked(facts) {
            return self.judge(key, verdict, answered);
        }
        // Another session has the key by now, or none: this one is not judged for it any more.
        if facts.key.map(|it| it.nonce) != Some(key.nonce) {
            self.judged = None;
            return Step::Ask(Question::Take(None));
        }
        let session = session_of(asker.own(), key);
        match asker.observed(session, key.deadline, facts, sent) {
            asker::Next::Mark => Step::Ask(Question::Mark(key)),
            asker::Next::Judged(verdict) => self.judge(key, verdict, answered),
        }
    }

    /// Takes the answer to the transaction of the first *gone*.
    pub(crate) fn marked(
        &mut self,
        asker: &mut Asker,
        key: KeyOwner,
        answer: &Marked,
        answered: Reading,
    ) -> Step {
        let session = session_of(asker.own(), key);
        let verdict = asker.marked(session, key.deadline, answer, answered);
        self.judge(key, verdict, answered)
    }

    fn judge(&mut self, key: KeyOwner, verdict: Verdict, now: Reading) -> Step {
        match verdict {
            Verdict::Dead => Step::Ask(Question::Take(self.judged)),
            Verdict::Watched { left, .. } => {
                self.held_since = None;
                Step::Wait(Question::Observe(key), Some(left))
            }
            // The key is asked for once more: another session may have it by now.
            Verdict::Alive | Verdict::Changed => {
                self.judged = None;
                let since = *self.held_since.get_or_insert(now);
                if now.least_since(&since) >= PATIENCE {
                    return Step::Refused(Refusal::Held(key.nonce));
                }
                Step::Wait(Question::Take(None), None)
            }
            Verdict::OtherIncarnation | Verdict::OwnGone => Step::Refused(Refusal::Lost(verdict)),
        }
    }

    fn judged_nonce(&self) -> Option<Nonce> {
        self.judged.map(|session| session.nonce)
    }
}

/// Returns the session that a key names. It was put in the incarnation of the session that asks.
fn session_of(own: Session, key: KeyOwner) -> Session {
    Session {
        incarnation: own.incarnation,
        nonce: key.nonce,
    }
}
