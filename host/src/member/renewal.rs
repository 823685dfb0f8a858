//! The renewer: a thread that confirms the session of an owner, and notices that it is lost.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tracing::{debug, warn};

use super::session::{Member, now};
use crate::{
    coordinator::{
        CoordinatorError, FencingToken,
        holding::{Holding, Loss},
        reading::Reading,
    },
    process::{fork, number::Number, platform},
    sys::{alarm::Alarm, poll::BorrowedDescriptor},
};

/// How soon a confirm that failed at once is sent again.
const SOON: Duration = Duration::from_millis(100);

/// By how much the alarm's clock may be too slow, in thousandths: it is slewed, and only one of the two.
const RATE_ERROR: u32 = 110;

/// An owner's session, which a thread confirms until it is stopped or lost.
#[derive(Debug)]
pub(crate) struct Renewal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    member: Arc<Member>,
    state: Mutex<State>,
    /// Notified of each confirm, and when the thread is to stop.
    changed: Condvar,
    /// Whether the lock was dropped without being stopped.
    dropped: AtomicBool,
    /// Readable once the lock must be considered lost.
    alarm: Alarm,
}

#[derive(Debug)]
struct State {
    holding: Holding,
    stopped: bool,
    /// How many confirms have succeeded, with the transaction.
    confirms: u64,
    /// Why the last confirm failed.
    failure: Option<CoordinatorError>,
}

impl Renewal {
    /// Starts the thread. The transaction for the directory's key counts as the first confirm.
    ///
    /// # Errors
    ///
    /// If no thread or descriptor is left.
    pub(crate) fn start(member: Arc<Member>, holding: Holding) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            member,
            state: Mutex::new(State {
                holding,
                stopped: false,
                confirms: 1,
                failure: None,
            }),
            changed: Condvar::new(),
            dropped: AtomicBool::new(false),
            alarm: Alarm::new()?,
        });
        shared.arm(&shared.state());
        let renewer = Arc::clone(&shared);
        thread::Builder::new()
            .name("lockhost-renewer".to_owned())
            .spawn(move || renewer.run())?;
        Ok(Self { shared })
    }

    /// Returns the session.
    pub(crate) fn member(&self) -> &Arc<Member> {
        &self.shared.member
    }

    /// Returns the token.
    pub(crate) fn token(&self) -> FencingToken {
        self.shared.state().holding.token()
    }

    /// Returns how long the owner may still act.
    pub(crate) fn left(&self) -> Duration {
        match now() {
            Ok(now) => self.shared.state().holding.left(now),
            Err(_) => Duration::ZERO,
        }
    }

    /// Returns why the lock is lost, if it is.
    pub(crate) fn loss(&self) -> Option<Loss> {
        match now() {
            Ok(now) => self.shared.state().holding.loss(now),
            Err(_) => Some(Loss::Deadline),
        }
    }

    /// Returns why the last confirm failed, if it did.
    pub(crate) fn failure(&self) -> Option<CoordinatorError> {
        self.shared.state().failure.clone()
    }

    /// Returns the descriptor that becomes readable once the lock must be considered lost.
    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.shared.alarm.descriptor()
    }

    /// Returns the confirms from now on.
    pub(crate) fn confirms(&self) -> Confirms {
        Confirms {
            shared: Arc::clone(&self.shared),
            seen: 0,
            maker: platform::number(),
        }
    }

    /// Ends the thread, at the latest when its question is answered. The session stays.
    pub(crate) fn stop(&self) {
        self.shared.state().stopped = true;
        self.shared.changed.notify_all();
    }
}

/// The confirms of a lock's session, for a thread that passes the deadline on. [`Lock::confirms`](crate::Lock::confirms) has
/// an example.
///
/// It depends on neither the lock nor its files. A thread that waits here goes on while another one waits for a volume
/// that does not answer.
#[derive(Debug)]
pub struct Confirms {
    shared: Arc<Shared>,
    seen: u64,
    /// The process that has the lock.
    maker: Number,
}

/// What ended a wait for a confirm. [`Lock::confirms`](crate::Lock::confirms) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// A confirm has succeeded since the last wait; for the first wait, the acquisition counts as one.
    Confirmed,
    /// The time is over.
    Elapsed,
    /// The lock is lost or released: no confirm follows.
    Over,
}

impl Confirms {
    /// Waits for the next confirm that succeeds, at most for `limit`.
    pub fn wait(&mut self, limit: Duration) -> Confirmation {
        // In a child made by fork(2), the mutex may be locked for ever.
        if !fork::is_still(self.maker) {
            return Confirmation::Over;
        }
        let begun = Instant::now();
        let mut state = self.shared.state();
        loop {
            let lost = now().map_or(Some(Loss::Deadline), |now| state.holding.loss(now));
            if lost.is_some() || state.stopped || self.shared.dropped.load(Ordering::Relaxed) {
                return Confirmation::Over;
            }
            if state.confirms > self.seen {
                self.seen = state.confirms;
                return Confirmation::Confirmed;
            }
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Confirmation::Elapsed;
            }
            // The deadline may pass meanwhile, and a drop of the lock may come just before the wait.
            let left = left.min(self.shared.member.timing().period);
            let waited = self.shared.changed.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns how long the owner may still act: nothing once the lock is lost.
    #[must_use]
    pub fn left(&self) -> Duration {
        match (fork::is_still(self.maker), now()) {
            (true, Ok(now)) => self.shared.state().holding.left(now),
            _ => Duration::ZERO,
        }
    }

    /// Returns why the last confirm failed, if it did.
    ///
    /// ```no_run
    /// # fn report(mut confirms: lockhost::Confirms) {
    /// use std::time::Duration;
    /// use lockhost::Confirmation;
    ///
    /// while confirms.wait(Duration::from_secs(2)) != Confirmation::Over {
    ///     if let Some(failure) = confirms.failure() {
    ///         eprintln!("{failure}; the lock is held for {:?} more", confirms.left());
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn failure(&self) -> Option<CoordinatorError> {
        let still = fork::is_still(self.maker);
        still.then(|| self.shared.state().failure.clone())?
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        // In a child made by fork(2), the mutex may be locked for ever.
        self.shared.dropped.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the alarm to the deadline. Its clock may be the slower one, so it comes a little early; each confirm sets it
    /// anew.
    fn arm(&self, state: &State) {
        let left = now().map_or(Duration::ZERO, |now| state.holding.left(now));
        self.alarm.set(left * (1000 - RATE_ERROR) / 1000);
    }

    fn run(&self) {
        let mut pause = self.member.timing().period;
        while self.pause(pause) {
            let Ok(sent) = now() else { return };
            match self.member.confirm() {
                Ok(facts) => {
                    let Ok(answered) = now() else { return };
                    let mut state = self.state();
                    let outcome = state.holding.confirmed(&facts, sent, answered);
                    state.failure = None;
                    state.confirms += 1;
                    self.arm(&state);
                    self.changed.notify_all();
                    if let Err(loss) = outcome {
                        warn!(?loss, "the session is lost");
                        return;
                    }
                    pause = self.member.timing().period;
                }
                Err(failure) => {
                    debug!(%failure, "a confirm failed");
                    self.state().failure = Some(failure);
                    pause = Duration::ZERO;
                }
            }
            pause = self.left_of(pause, sent);
        }
    }

    /// Returns how much is left of a period that began when a confirm was sent. After a failure the next confirm is sent at
    /// once, but not without any pause.
    fn left_of(&self, period: Duration, sent: Reading) -> Duration {
        let gone = now().map_or(Duration::ZERO, |now| now.most_since(&sent));
        period
            .saturating_sub(gone)
            .max(SOON.min(self.member.timing().period))
    }

    /// Waits. Returns whether to go on.
    fn pause(&self, pause: Duration) -> bool {
        let state = self.state();
        let goes_on = |state: &State| !state.stopped && !self.dropped.load(Ordering::Relaxed);
        let waited = self
            .changed
            .wait_timeout_while(state, pause, |state| goes_on(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let lost = now().map_or(Some(Loss::Deadline), |now| state.holding.loss(now));
        if let Some(loss) = lost {
            warn!(?loss, failure = ?state.failure, "the session is lost");
            self.alarm.set(Duration::ZERO);
        }
        goes_on(&state) && lost.is_none()
    }
}
