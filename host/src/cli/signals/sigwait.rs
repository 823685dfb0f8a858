//! sigwait(3) on a thread, which hands on what it has got through a pipe. Who sent a signal it does not learn.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::fd::{AsFd, BorrowedFd},
    thread,
};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use rustix::io::ioctl_fionbio;

use super::Caught;

/// Where signals come that are blocked.
pub(super) struct Inbox {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Inbox {
    pub(super) fn of(caught: SigSet) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        ioctl_fionbio(&reader, true)?;
        let mut inbox = Self { reader, writer };
        inbox.extend(caught)?;
        Ok(inbox)
    }

    /// They are waited for on a thread of their own, for as long as the program runs. It has all signals blocked from its
    /// beginning, also those that are caught later: one that is blocked elsewhere and not here would do here what it does
    /// to a process that does not expect it.
    pub(super) fn extend(&mut self, more: SigSet) -> io::Result<()> {
        let mut writer = self.writer.try_clone()?;
        let wait = move || {
            while let Ok(signal) = more.wait() {
                let number = u8::try_from(signal as i32).unwrap_or_default();
                if writer.write_all(&[number]).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("lockhost-signals".to_owned());
        let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let started = thread.spawn(wait);
        mask.thread_set_mask()?;
        started.map(drop)
    }

    /// The next that has come; `None` if there is none left.
    pub(super) fn next(&self) -> io::Result<Option<Caught>> {
        let mut number = [0];
        loop {
            match (&self.reader).read(&mut number) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
            // Only such were asked for as have names.
            if let Ok(signal) = Signal::try_from(i32::from(number[0])) {
                return Ok(Some(Caught {
                    signal,
                    sender: (!is_a_keys(signal)).then_some(0),
                }));
            }
        }
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// Whether it is one that a terminal sends, mostly, and to every process in the foreground.
fn is_a_keys(signal: Signal) -> bool {
    matches!(
        signal,
        Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTSTP | Signal::SIGWINCH
    )
}
