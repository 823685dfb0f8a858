//! Signals as something to wait for and to read: they are blocked, and come through an inbox. No handler is installed, so
//! a command inherits what this program was started with.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    process::ExitCode,
};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};

mod ignored;
#[cfg_attr(kernel = "linux", path = "signalfd.rs")]
#[cfg_attr(not(kernel = "linux"), path = "sigwait.rs")]
mod inbox;

use self::inbox::Inbox;

pub(crate) use self::ignored::is_ignored;

/// Those that end an attempt, or a lock without a command.
const ENDING: [Signal; 3] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM];

/// The signals that are caught from now on, for the rest of the program.
pub(crate) struct Signals {
    inbox: Inbox,
    /// The mask that the program was started with.
    inherited: SigSet,
}

/// A signal that has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caught {
    pub(crate) signal: Signal,
    /// The process that sent it; 0 for one that cannot be seen from here, or is not told; `None` for the kernel, which
    /// sends what a key of the terminal means to every process in the foreground.
    pub(crate) sender: Option<u32>,
}

impl Signals {
    /// Catch SIGHUP, SIGINT and SIGTERM, but for those that are ignored already: nohup(1), and shells for what they run
    /// in the background, mean that.
    pub(crate) fn catch() -> io::Result<Self> {
        let caught = heeded(&ENDING);
        let inherited = caught.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self {
            inbox: Inbox::of(caught)?,
            inherited,
        })
    }

    /// Catch these as well, but for those that are ignored already.
    pub(crate) fn catch_also(&mut self, signals: &[Signal]) -> io::Result<()> {
        let more = heeded(signals);
        more.thread_block()?;
        self.inbox.extend(more)
    }

    /// The next that has come; `None` if there is none left.
    pub(crate) fn next(&self) -> io::Result<Option<Caught>> {
        self.inbox.next()
    }

    /// The mask that the program was started with.
    pub(crate) fn inherited(&self) -> SigSet {
        self.inherited
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inbox.as_fd()
    }
}

impl Caught {
    /// Whether it is one of those that end an attempt.
    pub(crate) fn is_ending(self) -> bool {
        ENDING.contains(&self.signal)
    }

    /// Whether it is Ctrl-C: a key, and not somebody's kill(1).
    pub(crate) fn is_interrupt_key(self) -> bool {
        self.signal == Signal::SIGINT && self.sender.is_none()
    }

    /// How to end by it. By Ctrl-C as if it had not been caught: a shell that runs a script goes on after a program that
    /// ends in its own way.
    pub(crate) fn end(self) -> ExitCode {
        if self.is_interrupt_key() {
            // Where the first process of a PID namespace ignores it, the code below says the same.
            let _ = uncaught(self.signal);
        }
        code(self.signal as i32)
    }
}

/// The exit code that says that a signal ended something.
pub(crate) fn code(signal: i32) -> ExitCode {
    u8::try_from(128 + signal).unwrap_or(u8::MAX).into()
}

/// Does to this process what a signal that is caught would do if it were not: ends it, or stops it until it is continued.
pub(crate) fn uncaught(signal: Signal) -> io::Result<()> {
    raise(signal)?;
    let only = SigSet::from(signal);
    only.thread_unblock()?;
    Ok(only.thread_block()?)
}

/// Those of them that this process was not started with an order to ignore: nothing here makes it ignore any.
fn heeded(signals: &[Signal]) -> SigSet {
    // Whoever started this did not mean that it cannot hear of its own children.
    let is_heeded = |signal: &Signal| *signal == Signal::SIGCHLD || !is_ignored(*signal);
    signals.iter().copied().filter(is_heeded).collect()
}
