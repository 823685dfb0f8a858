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
mod numbers;

use self::{inbox::Inbox, numbers::Numbers};

pub(crate) use self::ignored::is_ignored;

/// Those that a fault of this process itself causes: they end it where it stands, also while they are blocked.
const FAULTS: [Signal; 6] = [
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGILL,
    Signal::SIGSEGV,
    Signal::SIGSYS,
    Signal::SIGTRAP,
];

/// Those that by default end nothing: they are ignored, or stop and continue a process.
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

/// A signal that has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caught {
    pub(crate) number: i32,
    /// The process that sent it; 0 for one that cannot be seen from here, or is not told; `None` for the kernel, which
    /// sends what a key of the terminal means to every process in the foreground.
    pub(crate) sender: Option<u32>,
}

impl Signals {
    /// Catches the signals that would end this process, and SIGCHLD, except those ignored at startup (as under nohup(1),
    /// or by shells for what they run in the background). SIGKILL, SIGSTOP and the signals of a fault cannot be caught.
    pub(crate) fn catch() -> io::Result<Self> {
        let caught = heeded(|signal| is_child(signal) || is_ending(signal));
        let inherited = caught.to_set().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self {
            inbox: Inbox::of(caught)?,
            caught,
            inherited,
        })
    }

    /// Catches all others as well, except those ignored at startup, for a command that is to get them. SIGPIPE, which
    /// Rust's runtime ignores in any case, was ignored at startup if `pipe_ignored` says so.
    pub(crate) fn catch_all(&mut self, pipe_ignored: bool) -> io::Result<()> {
        let pipe = |signal| !pipe_ignored && signal == Signal::SIGPIPE as i32;
        let more: Numbers = inbox::range().filter(|signal| pipe(*signal)).collect();
        self.caught = self.caught.and(heeded(|_| true)).and(more);
        self.caught.to_set().thread_block()?;
        self.inbox.set(self.caught)
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
    /// Whether it is this one.
    pub(crate) fn is(self, signal: Signal) -> bool {
        self.number == signal as i32
    }

    /// Whether it is one of those that end an attempt.
    pub(crate) fn is_ending(self) -> bool {
        is_ending(self.number)
    }

    /// Whether it is Ctrl-C: a key, and not somebody's kill(1).
    pub(crate) fn is_interrupt_key(self) -> bool {
        self.is(Signal::SIGINT) && self.sender.is_none()
    }

    /// How to end by it. By Ctrl-C as if it had not been caught: a shell that runs a script goes on after a program that
    /// ends in its own way.
    pub(crate) fn end(self) -> ExitCode {
        if self.is_interrupt_key() {
            // Where the first process of a PID namespace ignores it, the code below says the same.
            let _ = uncaught(Signal::SIGINT);
        }
        code(self.number)
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

/// Those of all signals that are wanted, can be caught, and are not ignored: nothing here makes this process ignore any
/// but SIGPIPE.
fn heeded(is_wanted: impl Fn(i32) -> bool) -> Numbers {
    let faults = Numbers::from(&FAULTS[..]);
    let wanted = inbox::range().filter(|signal| is_wanted(*signal) && !faults.contains(*signal));
    // A parent that ignores SIGCHLD does not mean that this process cannot hear of its own children.
    wanted
        .filter(|signal| is_child(*signal) || !is_ignored(*signal))
        .collect()
}

fn is_child(signal: i32) -> bool {
    signal == Signal::SIGCHLD as i32
}

/// Whether a signal ends a process that has not said otherwise.
fn is_ending(signal: i32) -> bool {
    // BSD and macOS have one more that does not.
    let information = "SIGINFO"
        .parse::<Signal>()
        .is_ok_and(|it| it as i32 == signal);
    !information && !Numbers::from(&HARMLESS[..]).contains(signal)
}

/// Whether the kernel sends a signal to a process for a write(2) of its own, which fails as well: there is no reader, or
/// the file would become too long.
fn comes_of_a_write(signal: i32) -> bool {
    [Signal::SIGPIPE, Signal::SIGXFSZ]
        .iter()
        .any(|it| *it as i32 == signal)
}
