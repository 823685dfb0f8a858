//! A session of this process, for one attempt and for the lock that it acquires.
//!
//! It asks the questions that the state machines of [`coordinator`](crate::coordinator) name, and hands the answers back.
//! Nothing here knows what a lock file is.

use std::{
    collections::hash_map::RandomState,
    fmt, fs,
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing::debug;

use crate::{
    coordinator::{
        Coordinator, CoordinatorError, CoordinatorErrorKind, DirectoryKey, Enrollment, Facts,
        Incarnation, KeyOwner, Marked, Nonce, Session, Taken, Timing,
        asker::{Asker, Next, Verdict},
        holding::Holding,
        reading::Reading,
        taking::{Question, Refusal, Step, Taking},
    },
    process::{
        Identity,
        judge::Sessions,
        liveness::{AliveReason, DeadReason, Liveness, UnknownReason},
    },
    sys::clocks,
};

/// How often a judgement begins anew because the coordinator's data changed meanwhile.
const RETRIES: u8 = 3;

/// How soon a step that a release may be about to free is tried again.
const SOON: Duration = Duration::from_millis(100);

/// A coordinator, and how it is used for one directory.
#[derive(Clone)]
pub(crate) struct Coordination {
    pub(crate) coordinator: Arc<dyn Coordinator>,
    pub(crate) directory: DirectoryKey,
    pub(crate) timing: Timing,
}

impl fmt::Debug for Coordination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordination")
            .field("coordinator", &self.coordinator.name())
            .field("directory", &self.directory)
            .field("timing", &self.timing)
            .finish()
    }
}

impl PartialEq for Coordination {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.coordinator, &other.coordinator)
            && (&self.directory, self.timing) == (&other.directory, other.timing)
    }
}

impl Eq for Coordination {}

/// A session that is watched, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    /// For how long it is gone.
    pub(crate) gone: Duration,
    /// In how long it counts as dead.
    pub(crate) left: Duration,
}

/// A session of this process.
#[derive(Debug)]
pub(crate) struct Member {
    coordination: Coordination,
    session: Session,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    asker: Asker,
    /// The last session that was found to be gone, and not dead yet.
    watched: Option<Watched>,
    /// The failure of the last question.
    failure: Option<CoordinatorError>,
    /// Whether a transaction for the key was sent: it may be executed late, so the session serves no other attempt.
    used: bool,
    /// Whether the session is gone, or is to go.
    ended: bool,
}

/// The way to the directory's key.
#[derive(Debug)]
pub(crate) struct Take {
    taking: Taking,
    question: Question,
    /// Since when no question about the key's session was answered.
    failing: Option<Reading>,
}

/// The result of a step on this way.
#[derive(Debug)]
pub(crate) enum TakeStep {
    /// The key is this session's.
    Taken(Box<Holding>),
    /// Go on in so long.
    Wait(Duration),
    /// The key stays another session's.
    Refused(Refusal),
    /// The coordinator failed.
    Failed(CoordinatorError),
}

/// The answer to a question.
enum Stepped {
    Taken(Box<Holding>),
    Other(Step),
}

/// Returns the time, by both clocks.
pub(crate) fn now() -> Result<Reading, CoordinatorError> {
    match clocks::now() {
        Some((boot, raw)) => Ok(Reading { boot, raw }),
        None => Err(CoordinatorError::new(
            CoordinatorErrorKind::Misconfigured,
            "this system lacks the clocks that a session is measured by",
        )),
    }
}

impl Member {
    /// Enrolls a session.
    ///
    /// # Errors
    ///
    /// If the intervals do not fit each other, or the coordinator does not do it.
    pub(crate) fn enroll(coordination: &Coordination) -> Result<Self, CoordinatorError> {
        let timing = coordination.timing;
        timing.check().map_err(|invalid| {
            CoordinatorError::new(CoordinatorErrorKind::Misconfigured, invalid.to_string())
        })?;
        now()?;
        let random = || RandomState::new().hash_one(std::process::id());
        let enrollment = Enrollment {
            nonce: Nonce(random()),
            incarnation: Incarnation(random()),
            about: about(),
            lease: timing.lease,
        };
        let coordinator = &coordination.coordinator;
        let enrolled = coordinator.enroll(&enrollment, timing.timeout)?;
        let session = Session {
            incarnation: enrolled.incarnation,
            nonce: enrollment.nonce,
        };
        debug!(%session, "enrolled a session");
        Ok(Self {
            coordination: coordination.clone(),
            session,
            state: Mutex::new(State {
                asker: Asker::new(session, enrolled.revision),
                watched: None,
                failure: None,
                used: false,
                ended: false,
            }),
        })
    }

    /// Returns its session.
    pub(crate) fn session(&self) -> Session {
        self.session
    }

    /// Returns the intervals.
    pub(crate) fn timing(&self) -> Timing {
        self.coordination.timing
    }

    /// Returns the identity of this process with its session.
    pub(crate) fn identity(&self, process: Identity) -> Identity {
        process.with_session(self.session, self.timing().deadline)
    }

    /// Returns whether another attempt needs another session.
    pub(crate) fn is_used_up(&self) -> bool {
        let state = self.state();
        state.used || state.ended
    }

    /// Returns the session that the last judgement was about, if that is watched.
    pub(crate) fn watched(&self) -> Option<Watched> {
        self.state().watched
    }

    /// Takes the failure of the last question, if it failed.
    pub(crate) fn failure(&self) -> Option<CoordinatorError> {
        self.state().failure.take()
    }

    /// Deletes the session, and what it has of the directory's key.
    ///
    /// # Errors
    ///
    /// If the coordinator does not do it. The session then goes with its lease.
    pub(crate) fn leave(&self) -> Result<(), CoordinatorError> {
        let Coordination {
            coordinator,
            directory,
            timing,
        } = &self.coordination;
        self.state().ended = true;
        if self.state().used {
            coordinator.release(self.session, directory, timing.timeout)?;
        }
        coordinator.withdraw(self.session, timing.timeout)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, judged: Session) -> Result<Facts, CoordinatorError> {
        let Coordination {
            coordinator,
            directory,
            timing,
        } = &self.coordination;
        coordinator.observe(self.session, judged, directory, timing.timeout)
    }

    fn mark(&self, judged: Session) -> Result<Marked, CoordinatorError> {
        let Coordination {
            coordinator,
            directory,
            timing,
        } = &self.coordination;
        coordinator.mark(self.session, judged, directory, timing.timeout)
    }

    fn take(&self, judged: Option<Session>) -> Result<Taken, CoordinatorError> {
        let Coordination {
            coordinator,
            directory,
            timing,
        } = &self.coordination;
        let deadline = timing.deadline;
        coordinator.take(self.session, judged, deadline, directory, timing.timeout)
    }

    /// Confirms the session.
    pub(super) fn confirm(&self) -> Result<Facts, CoordinatorError> {
        let Coordination {
            coordinator,
            directory,
            timing,
        } = &self.coordination;
        coordinator.confirm(self.session, directory, timing.timeout)
    }

    fn inquire(
        &self,
        asker: &mut Asker,
        judged: Session,
        deadline: Duration,
    ) -> Result<Verdict, CoordinatorError> {
        let mut retries = RETRIES;
        loop {
            if let Some(verdict) = asker.ask(judged) {
                return Ok(verdict);
            }
            let sent = now()?;
            let facts = self.observe(judged)?;
            let verdict = match asker.observed(judged, deadline, &facts, sent) {
                Next::Judged(verdict) => verdict,
                Next::Mark => {
                    let answer = self.mark(judged)?;
                    asker.marked(judged, deadline, &answer, now()?)
                }
            };
            if verdict != Verdict::Changed || retries == 0 {
                return Ok(verdict);
            }
            retries -= 1;
        }
    }

    // the directory's key

    /// Begins to take the directory's key. `judged` is the session of the owner whose lock file was replaced.
    pub(crate) fn begin_to_take(&self, judged: Option<Session>) -> Take {
        let taking = Taking::new(judged);
        Take {
            question: taking.begin(),
            taking,
            failing: None,
        }
    }

    /// Goes on until the key is this session's, or stays another's, or has to be waited for.
    pub(crate) fn go_on(&self, take: &mut Take) -> TakeStep {
        loop {
            let step = match self.step(take) {
                Ok(step) => step,
                Err(failure) => return self.failed(take, failure),
            };
            take.failing = None;
            match step {
                Stepped::Taken(holding) => return TakeStep::Taken(holding),
                Stepped::Other(Step::Ask(question)) => take.question = question,
                Stepped::Other(Step::Wait(question, left)) => {
                    take.question = question;
                    return TakeStep::Wait(
                        left.map_or(SOON, |left| left.min(self.timing().period)),
                    );
                }
                Stepped::Other(Step::Refused(refusal)) => return TakeStep::Refused(refusal),
                // It was converted above.
                Stepped::Other(Step::Taken(_)) => return TakeStep::Wait(SOON),
            }
        }
    }

    /// Asks one question.
    fn step(&self, take: &mut Take) -> Result<Stepped, CoordinatorError> {
        let mut state = self.state();
        let sent = now()?;
        let step = match take.question {
            Question::Take(judged) => {
                state.used = true;
                let answer = self.take(judged)?;
                match take.taking.taken(&mut state.asker, &answer) {
                    Step::Taken(token) => {
                        let deadline = self.timing().deadline;
                        let holding = Holding::new(self.session, token, deadline, sent);
                        debug!(session = %self.session, %token, "took the directory's key");
                        return Ok(Stepped::Taken(Box::new(holding)));
                    }
                    step => step,
                }
            }
            Question::Observe(key) => {
                let facts = self.observe(self.named(key))?;
                let times = (sent, now()?);
                take.taking.observed(&mut state.asker, key, &facts, times)
            }
            Question::Mark(key) => {
                let answer = self.mark(self.named(key))?;
                take.taking.marked(&mut state.asker, key, &answer, now()?)
            }
        };
        state.watched = match step {
            Step::Wait(Question::Observe(key), Some(left)) => Some(Watched {
                gone: Timing::watch(key.deadline).saturating_sub(left),
                left,
            }),
            _ => None,
        };
        Ok(Stepped::Other(step))
    }

    fn named(&self, key: KeyOwner) -> Session {
        Session {
            incarnation: self.session.incarnation,
            nonce: key.nonce,
        }
    }

    /// Goes on after a question that was not answered. A poll may be lost. A transaction for the key may be executed late,
    /// so the session is used up.
    fn failed(&self, take: &mut Take, failure: CoordinatorError) -> TakeStep {
        let (Ok(now), Question::Observe(_) | Question::Mark(_)) = (now(), take.question) else {
            return TakeStep::Failed(failure);
        };
        let since = *take.failing.get_or_insert(now);
        if now.most_since(&since) >= self.timing().deadline {
            return TakeStep::Failed(failure);
        }
        TakeStep::Wait(self.timing().period)
    }
}

impl Take {
    /// Returns the session that was judged dead for the key.
    pub(crate) fn judged(&self) -> Option<Session> {
        self.taking.judged()
    }
}

impl Sessions for Member {
    fn judge(&self, judged: Session, deadline: Duration) -> Liveness {
        if judged == self.session {
            return Liveness::Alive(AliveReason::ThisProcess);
        }
        let mut state = self.state();
        state.watched = None;
        let verdict = self.inquire(&mut state.asker, judged, deadline);
        debug!(%judged, ?verdict, "judged a session");
        match verdict {
            Ok(Verdict::Alive) => Liveness::Alive(AliveReason::Session),
            Ok(Verdict::Dead) => Liveness::Dead(DeadReason::SessionGone),
            Ok(Verdict::Watched { gone, left }) => {
                state.watched = Some(Watched { gone, left });
                Liveness::Unknown(UnknownReason::Watched)
            }
            Ok(Verdict::OtherIncarnation) => Liveness::Unknown(UnknownReason::OtherIncarnation),
            Ok(Verdict::OwnGone) => {
                state.ended = true;
                Liveness::Unknown(UnknownReason::Unreachable)
            }
            Ok(Verdict::Changed) => Liveness::Unknown(UnknownReason::Unreachable),
            Err(failure) => {
                state.failure = Some(failure);
                Liveness::Unknown(UnknownReason::Unreachable)
            }
        }
    }
}

/// Returns a text for people who look at the coordinator's data.
fn about() -> String {
    let pid = std::process::id();
    match fs::read_to_string("/proc/sys/kernel/hostname") {
        Ok(host) => format!("pid {pid} on {}", host.trim()),
        Err(_) => format!("pid {pid}"),
    }
}
