//! signalfd(2), which also says who sent one.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

use nix::sys::{
    signal::{SigSet, Signal},
    signalfd::{SfdFlags, SignalFd},
};

use super::Caught;

/// Where signals come that are blocked.
pub(super) struct Inbox {
    descriptor: SignalFd,
    caught: SigSet,
}

impl Inbox {
    pub(super) fn of(caught: SigSet) -> io::Result<Self> {
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let descriptor = SignalFd::with_flags(&caught, flags)?;
        Ok(Self { descriptor, caught })
    }

    pub(super) fn extend(&mut self, more: SigSet) -> io::Result<()> {
        self.caught.extend(&more);
        Ok(self.descriptor.set_mask(&self.caught)?)
    }

    /// The next that has come; `None` if there is none left.
    pub(super) fn next(&self) -> io::Result<Option<Caught>> {
        while let Some(info) = self.descriptor.read_signal()? {
            let number = i32::try_from(info.ssi_signo).unwrap_or_default();
            // Only such were asked for as have names.
            let Ok(signal) = Signal::try_from(number) else {
                continue;
            };
            return Ok(Some(Caught {
                signal,
                sender: (info.ssi_code <= 0).then_some(info.ssi_pid),
            }));
        }
        Ok(None)
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
