//! sigwait(3) on a thread, which hands on what it has got through a pipe. Who sent a signal it does not learn.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd},
    ptr, thread,
};

use nix::{
    libc,
    sys::signal::{SigSet, Signal},
};
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

    /// They are waited for on a thread of their own, for as long as the program runs: it has them blocked, as every
    /// thread has that was started since they are.
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
        thread.spawn(wait).map(drop)
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

/// The signals that this process was started with an order to ignore, the first in the lowest bit. None where that cannot
/// be told.
pub(super) fn ignored() -> u64 {
    let is_ignored = |signal: &Signal| is_ignored(*signal);
    let bits = Signal::iterator()
        .filter(is_ignored)
        .map(|it| 1 << (it as i32 - 1));
    bits.fold(0, |all, bit: u64| all | bit)
}

#[allow(unsafe_code)]
fn is_ignored(signal: Signal) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeros are a value of this type, and sigaction(2), which is told to set nothing, only writes to it.
    unsafe {
        let done = libc::sigaction(signal as i32, ptr::null(), now.as_mut_ptr());
        done == 0 && now.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
