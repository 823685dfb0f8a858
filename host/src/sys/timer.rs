//! Waiting without a runtime: a thread sleeps for the length of the wait.
//!
//! A timer of one runtime would bind this crate to it, and timers without a runtime keep a thread for ever. A caller
//! hardly ever waits here, and then for some seconds, or with patience. So there is a thread for just that time.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use super::poll::{BorrowedDescriptor, OwnedDescriptor, Tie, await_any, borrow, tie};

/// A future that is ready once its time is over, or a notification comes. The thread ends with it, or with its drop.
#[derive(Debug)]
pub(crate) struct Pause {
    shared: Arc<Shared>,
    /// Its drop ends the thread's sleep.
    _tie: Tie,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Pause {
    /// Begins at once. It ends after `limit`, which may be `Duration::MAX` for never, or when one of `told` becomes
    /// readable. It may also end before that.
    ///
    /// # Errors
    /// If no thread can be started, or there are no descriptors left.
    pub(crate) fn begin<'a>(
        limit: Duration,
        told: impl Iterator<Item = BorrowedDescriptor<'a>>,
    ) -> io::Result<Self> {
        let (tie, abandoned) = tie()?;
        let mut descriptors = vec![abandoned];
        for descriptor in told {
            descriptors.push(descriptor.try_clone_to_owned()?);
        }
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        thread::Builder::new()
            .name("lockhost-wait".to_owned())
            .spawn(move || sleep(&theirs, limit, &descriptors))?;
        Ok(Self { shared, _tie: tie })
    }
}

fn sleep(shared: &Shared, limit: Duration, descriptors: &[OwnedDescriptor]) {
    let descriptors: Vec<_> = descriptors.iter().map(borrow).collect();
    // A signal may end it early, which causes one unneeded check.
    await_any(&descriptors, limit);
    shared.over.store(true, Ordering::Release);
    let waker = shared.waker().take();
    waker.into_iter().for_each(Waker::wake);
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
        // Checked after the waker is stored, so that the end of the pause always wakes the task.
        if self.shared.over.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{iter, sync::Weak, task::Wake, thread::Thread};

    use super::*;

    /// Returns once the thread has released what it shares.
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

    /// Waits for it as an executor does.
    fn wait_for(mut pause: Pause) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        while Pin::new(&mut pause).poll(&mut context).is_pending() {
            thread::park();
        }
    }

    #[test]
    fn a_waiter_is_woken_once_it_is_over_and_the_thread_ended() {
        let pause = Pause::begin(Duration::from_millis(20), iter::empty()).unwrap();
        let shared = Arc::downgrade(&pause.shared);
        wait_for(pause);
        ended(&shared);
    }

    #[test]
    fn an_endless_waiter_is_woken_by_a_notification() {
        let (tells, told) = tie().unwrap();
        let pause = Pause::begin(Duration::MAX, iter::once(borrow(&told))).unwrap();
        drop(tells);
        wait_for(pause);
    }

    #[test]
    fn a_pause_that_is_dropped_ends_its_thread_at_once() {
        let pause = Pause::begin(Duration::MAX, iter::empty()).unwrap();
        let shared = Arc::downgrade(&pause.shared);
        drop(pause);
        ended(&shared);
    }
}
