//! Waiting without a runtime: a thread sleeps for as long as somebody waits.
//!
//! A timer of one runtime would bind this crate to it, and the timers that belong to none keep a thread for good. Hardly
//! anybody ever waits here, and then for some seconds: so there is a thread for just that time.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// Ready once its time is over. The thread ends with it, or with its drop.
#[derive(Debug)]
pub(crate) struct Pause {
    shared: Arc<Shared>,
    sleeper: Thread,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    abandoned: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Pause {
    /// Begins at once.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(crate) fn begin(duration: Duration) -> io::Result<Self> {
        let until = Instant::now() + duration;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let sleeper = thread::Builder::new()
            .name("lockhost-wait".to_owned())
            .spawn(move || sleep(&theirs, until))?;
        Ok(Self {
            shared,
            sleeper: sleeper.thread().clone(),
        })
    }
}

fn sleep(shared: &Shared, until: Instant) {
    while !shared.abandoned.load(Ordering::Acquire) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            shared.over.store(true, Ordering::Release);
            let waker = shared.waker().take();
            return waker.into_iter().for_each(Waker::wake);
        }
        thread::park_timeout(left);
    }
}

impl Shared {
    fn waker(&self) -> impl std::ops::DerefMut<Target = Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Pause {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        *self.shared.waker() = Some(context.waker().clone());
        // Looked at after that, so that it is not over in between and nobody woken.
        if self.shared.over.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        self.shared.abandoned.store(true, Ordering::Release);
        self.sleeper.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Weak, task::Wake};

    use super::*;

    /// Returns once the thread has let go of what it shares.
    fn ended(shared: &Weak<Shared>) {
        while shared.strong_count() > 0 {
            thread::yield_now();
        }
    }

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    #[test]
    fn whoever_waits_is_woken_once_it_is_over_and_the_thread_has_ended() {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut pause = Pause::begin(Duration::from_millis(20)).unwrap();
        let shared = Arc::downgrade(&pause.shared);
        while Pin::new(&mut pause).poll(&mut context).is_pending() {
            thread::park();
        }
        drop(pause);
        ended(&shared);
    }

    #[test]
    fn a_pause_that_is_dropped_ends_its_thread_at_once() {
        let pause = Pause::begin(Duration::from_secs(1 << 30)).unwrap();
        let shared = Arc::downgrade(&pause.shared);
        drop(pause);
        ended(&shared);
    }
}
