//! signalfd(2), which also reports the sender of a signal.

use std::{
    io,
    ops::RangeInclusive,
    os::fd::{AsFd, BorrowedFd},
    process,
};

use nix::{
    libc,
    sys::signalfd::{SfdFlags, SignalFd},
};

use super::{Caught, numbers::Numbers};

/// The descriptor that reports blocked signals.
pub(super) struct Inbox(SignalFd);

/// Returns the numbers that signals have, including real-time signals.
pub(super) fn range() -> RangeInclusive<i32> {
    1..=libc::SIGRTMAX()
}

impl Inbox {
    pub(super) fn of(caught: Numbers) -> io::Result<Self> {
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self(SignalFd::with_flags(&caught.to_set(), flags)?))
    }

    /// Replaces the signals that arrive here.
    pub(super) fn set(&mut self, caught: Numbers) -> io::Result<()> {
        Ok(self.0.set_mask(&caught.to_set())?)
    }

    /// Returns the next pending signal; `None` if there is none left.
    pub(super) fn next(&self) -> io::Result<Option<Caught>> {
        while let Some(info) = self.0.read_signal()? {
            let number = i32::try_from(info.ssi_signo).unwrap_or_default();
            let sender = (info.ssi_code <= 0).then_some(info.ssi_pid);
            // The kernel names this process itself as the sender of a signal that its own write has caused.
            if super::comes_of_a_write(number) && sender == Some(process::id()) {
                continue;
            }
            return Ok(Some(Caught { number, sender }));
        }
        Ok(None)
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
