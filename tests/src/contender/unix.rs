//! Contenders on Unix: signals, and a pipe that is closed.

use std::{
    io::{self, PipeReader, PipeWriter, pipe},
    path::Path,
    process::{Command, ExitStatus},
};

use rustix::process::{Pid, Signal, kill_process};

use super::Contender;
use crate::program::lockhost;

/// The arguments that make the program acquire a lock, and hold it until [`Contender::stop`].
pub const ACQUIRE: &[&str] = &["acquire"];

/// Returns the program with these arguments, without the directory.
#[must_use]
pub fn acquire() -> Command {
    let mut command = Command::new(lockhost());
    command.args(ACQUIRE);
    command
}

/// A line that all contenders wait at.
pub struct Barrier {
    closed: PipeReader,
    open: PipeWriter,
}

impl Barrier {
    /// Returns a closed barrier.
    ///
    /// # Panics
    /// If there are no more descriptors.
    #[must_use]
    pub fn new() -> Self {
        let (closed, open) = pipe().expect("a pipe");
        Self { closed, open }
    }

    /// Sends a program to the line: as `at_barrier`, which becomes it when the line opens.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn line_up(&self, at_barrier: &str, program: &Path, arguments: &[&str]) -> Contender {
        let mut command = Command::new(at_barrier);
        command.arg(program).args(arguments);
        self.line_up_as(command)
    }

    /// Sends a command to the line, which becomes the program for which it lines up.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn line_up_as(&self, mut command: Command) -> Contender {
        command.stdin(self.closed.try_clone().expect("a descriptor"));
        let mut contender = Contender::start(&mut command);
        assert_eq!(contender.line(), "ready");
        contender
    }

    /// Opens the line for all.
    pub fn open(self) {
        drop(self.open);
    }
}

impl Contender {
    /// Ends it with a signal, and waits for its end.
    ///
    /// # Panics
    /// If it is gone, or cannot be waited for.
    pub fn stop(&mut self) -> ExitStatus {
        self.end(Signal::TERM)
    }

    /// Sends it a signal and waits for its end.
    ///
    /// # Panics
    /// If it is gone, or cannot be waited for.
    pub fn end(&mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        self.child.wait().expect("it ends")
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// If it is gone.
    pub fn signal(&self, signal: Signal) {
        send(self.pid(), signal).expect("it is there");
    }
}

/// Sends a signal to a process.
///
/// # Errors
/// If there is no process with this pid, or it may not be signalled.
pub fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(kill_process(pid.ok_or(io::ErrorKind::NotFound)?, signal)?)
}
