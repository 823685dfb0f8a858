//! signalfd(2), which also reports the sender of a signal.

use std::{
    io,
    ops::RangeInclusive,
    os::fd::{AsFd, BorrowedFd},
    process,
    sync::{Arc, Mutex, PoisonError},
};

use nix::{
    libc,
    sys::signalfd::{SfdFlags, SignalFd},
};

use super::{Caught, numbers::Numbers};

/// The descriptor that reports blocked signals.
pub(super) struct Inbox {
    signals: SignalFd,
    /// The signal that ends this program and was read last, by whichever thread.
    last: Arc<Mutex<Option<Caught>>>,
}

/// Returns the numbers that signals have, including real-time signals.
pub(super) fn range() -> RangeInclusive<i32> {
    1..=libc::SIGRTMAX()
}

impl Inbox {
    pub(super) fn of(caught: Numbers) -> io::Result<Self> {
        Self::with(caught, Arc::default())
    }

    /// Returns an inbox of these signals for another thread. Each arrives at the thread that reads it first.
    pub(super) fn beside(&self, caught: Numbers) -> io::Result<Self> {
        Self::with(caught, Arc::clone(&self.last))
    }

    fn with(caught: Numbers, last: Arc<Mutex<Option<Caught>>>) -> io::Result<Self> {
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = SignalFd::with_flags(&caught.to_set(), flags)?;
        Ok(Self { signals, last })
    }

    /// Replaces the signals that arrive here.
    pub(super) fn set(&mut self, caught: Numbers) -> io::Result<()> {
        Ok(self.signals.set_mask(&caught.to_set())?)
    }

    /// Returns the next pending signal; `None` if there is none left.
    pub(super) fn next(&self) -> io::Result<Option<Caught>> {
        while let Some(info) = self.signals.read_signal()? {
            let number = i32::try_from(info.ssi_signo).unwrap_or_default();
            let sender = (info.ssi_code <= 0).then_some(info.ssi_pid);
            // The kernel names this process itself as the sender of a signal that its own write has caused.
            if super::comes_of_a_write(number) && sender == Some(process::id()) {
                continue;
            }
            let caught = Caught { number, sender };
            if caught.is_ending() && !super::stays_ignored(number) {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(caught);
            }
            return Ok(Some(caught));
        }
        Ok(None)
    }

    /// Returns the signal that ends this program and was read last, in whichever thread.
    pub(super) fn last(&self) -> Option<Caught> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }
}
