//! Signals as events to wait for and to read: they are blocked, and arrive through an inbox. No handler is installed,
//! so a command inherits the dispositions with which this program was started.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};

mod ignored;
#[cfg_attr(kernel = "linux", path = "signalfd.rs")]
#[cfg_attr(not(kernel = "linux"), path = "sigwait.rs")]
mod inbox;
mod numbers;

use super::exit_code::ExitCode;

use self::{ignored::is_ignored, inbox::Inbox, numbers::Numbers};

/// Signals that a fault of this process itself causes: they end it at once, even while they are blocked.
const FAULTS: [Signal; 6] = [
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGILL,
    Signal::SIGSEGV,
    Signal::SIGSYS,
    Signal::SIGTRAP,
];

/// Signals that by default end no process: they are ignored, or stop and continue a process.
const HARMLESS: [Signal; 7] = [
    Signal::SIGCHLD,
    Signal::SIGCONT,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGURG,
    Signal::SIGWINCH,
];

/// The signals that are caught from now on, for the rest of the program.
pub(crate) struct Signals {
    inbox: Inbox,
    caught: Numbers,
    /// The mask that the program was started with.
    inherited: SigSet,
}

/// A signal that arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caught {
    pub(crate) number: i32,
    /// The process that sent it; 0 for one that cannot be seen from here, or is not reported; `None` for the kernel,
    /// which sends a terminal key's signal to every process in the foreground.
    pub(crate) sender: Option<u32>,
}

impl Signals {
    /// Catches the signals that would end this process, and SIGCHLD. SIGKILL, SIGSTOP and the signals of a fault cannot
    /// be caught.
    pub(crate) fn catch() -> io::Result<Self> {
        let caught = catchable(|signal| is_child(signal) || is_ending(signal));
        let inherited = caught.to_set().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self {
            inbox: Inbox::of(caught)?,
            caught,
            inherited,
        })
    }

    /// Catches all others as well, for a command that is to get them. SIGPIPE, which this program ignores in any case,
    /// was ignored at startup if `pipe_ignored` says so.
    pub(crate) fn catch_all(&mut self, pipe_ignored: bool) -> io::Result<()> {
        let pipe = |signal| !pipe_ignored && is_pipe(signal);
        let more: Numbers = inbox::range().filter(|signal| pipe(*signal)).collect();
        self.caught = self.caught.and(catchable(|_| true)).and(more);
        self.caught.to_set().thread_block()?;
        self.inbox.set(self.caught)
    }

    /// Returns the next pending signal; `None` if there is none left.
    ///
    /// Signals ignored at startup stay so, as under nohup(1), or in what shells run in the background. They are blocked
    /// as all others, and dropped here: so only the dispositions of those that arrive are read.
    pub(crate) fn next(&self) -> io::Result<Option<Caught>> {
        while let Some(caught) = self.inbox.next()? {
            if !stays_ignored(caught.number) {
                return Ok(Some(caught));
            }
        }
        Ok(None)
    }

    /// Returns the same signals, except SIGCHLD, for another thread. Each of them arrives at the thread that reads it first.
    #[cfg(kernel = "linux")]
    pub(crate) fn of_another_thread(&self) -> io::Result<Self> {
        let caught = catchable(is_ending);
        Ok(Self {
            inbox: self.inbox.beside(caught)?,
            caught,
            inherited: self.inherited,
        })
    }

    /// Returns the signal that ends this program and was read last, in whichever thread.
    #[cfg(kernel = "linux")]
    pub(crate) fn last_ending(&self) -> Option<Caught> {
        self.inbox.last()
    }

    /// Returns the mask with which the program was started.
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
    /// Returns whether it is this signal.
    pub(crate) fn is(self, signal: Signal) -> bool {
        self.number == signal as i32
    }

    /// Returns whether it is a signal that ends an attempt.
    pub(crate) fn is_ending(self) -> bool {
        is_ending(self.number)
    }

    /// Returns whether it is Ctrl-C: the key, and not a process's kill(1).
    pub(crate) fn is_interrupt_key(self) -> bool {
        self.is(Signal::SIGINT) && self.sender.is_none()
    }

    /// Returns the exit code after this signal. Ctrl-C ends the process here, as if it had not been caught: a shell
    /// that runs a script goes on after a program that ends in its own way.
    pub(crate) fn end(self) -> ExitCode {
        if self.is_interrupt_key() {
            // The first process of a PID namespace ignores the signal; then the code below reports the same.
            let _ = uncaught(Signal::SIGINT);
        }
        code(self.number)
    }
}

/// Returns the exit code for an end by a signal.
pub(crate) fn code(signal: i32) -> ExitCode {
    u8::try_from(128 + signal).unwrap_or(u8::MAX).into()
}

/// Gives a caught signal its default effect on this process: ends it, or stops it until it is continued.
pub(crate) fn uncaught(signal: Signal) -> io::Result<()> {
    raise(signal)?;
    let only = SigSet::from(signal);
    only.thread_unblock()?;
    Ok(only.thread_block()?)
}

/// Returns the signals that are wanted and can be caught. SIGPIPE is none of them: this program itself ignores it.
fn catchable(is_wanted: impl Fn(i32) -> bool) -> Numbers {
    let faults = Numbers::from(&FAULTS[..]);
    let can_be = |signal: i32| !faults.contains(signal) && !is_pipe(signal);
    let wanted = inbox::range().filter(|signal| can_be(*signal) && is_wanted(*signal));
    wanted.collect()
}

/// Returns whether a signal that arrived was ignored at startup. Even under a parent that ignores SIGCHLD, this process
/// needs notification about its own children. SIGPIPE is caught only if it was not ignored.
fn stays_ignored(signal: i32) -> bool {
    !is_child(signal) && !is_pipe(signal) && is_ignored(signal)
}

fn is_pipe(signal: i32) -> bool {
    signal == Signal::SIGPIPE as i32
}

fn is_child(signal: i32) -> bool {
    signal == Signal::SIGCHLD as i32
}

/// Returns whether a signal ends a process by default.
fn is_ending(signal: i32) -> bool {
    // BSD and macOS have one more that does not.
    let information = "SIGINFO"
        .parse::<Signal>()
        .is_ok_and(|it| it as i32 == signal);
    !information && !Numbers::from(&HARMLESS[..]).contains(signal)
}

/// Returns whether the kernel sends a signal to a process for its own write(2), which fails as well: there is no
/// reader, or the file would become too long.
fn comes_of_a_write(signal: i32) -> bool {
    [Signal::SIGPIPE, Signal::SIGXFSZ]
        .iter()
        .any(|it| *it as i32 == signal)
}
