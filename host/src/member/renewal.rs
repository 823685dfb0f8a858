//! The renewer: a thread that confirms the session of an owner, and notices that it is lost.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tracing::{debug, warn};

use super::session::{Member, now};
use crate::{
    coordinator::{
        CoordinatorError, FencingToken,
        holding::{Holding, Loss},
        reading::Reading,
    },
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
    stop: Condvar,
    /// Whether the lock was dropped without being stopped.
    dropped: AtomicBool,
    /// Readable once the lock must be considered lost.
    alarm: Alarm,
}

#[derive(Debug)]
struct State {
    holding: Holding,
    stopped: bool,
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
                failure: None,
            }),
            stop: Condvar::new(),
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

    /// Ends the thread, at the latest when its question is answered. The session stays.
    pub(crate) fn stop(&self) {
        self.shared.state().stopped = true;
        self.shared.stop.notify_all();
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        // In a child made by fork(2), the mutex may be locked for ever.
        self.shared.dropped.store(true, Ordering::Relaxed);
        self.shared.stop.notify_all();
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
                    self.arm(&state);
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
            .stop
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
