//! Being the parent of a command: passing signals on, stopping and going on with it, and burying whoever ends.

use std::{ffi::OsString, fs, io, process::ExitCode};

use anyhow::Context;
use lockhost::Lock;
use nix::{
    sys::signal::{Signal, kill},
    unistd,
};
use rustix::{
    io::Errno,
    process::{Pid, WaitOptions, WaitStatus, getpgrp, getpid, getsid, setpgid, wait},
    termios::tcgetpgrp,
};

use super::{
    events::{Event, Events},
    hold::Ended,
    loss::Losses,
};
use crate::cli::signals::{Caught, Signals, uncaught};

mod dispositions;
#[cfg_attr(kernel = "linux", path = "linux.rs")]
#[cfg_attr(not(kernel = "linux"), path = "posix.rs")]
mod kernel;
mod start;

pub(super) use self::start::Inheritance;

/// What stands between paths in a variable.
pub(super) const SEPARATOR: &str = ":";

/// The exit code that a command had.
pub(super) fn code(command: i32) -> ExitCode {
    u8::try_from(command).unwrap_or(u8::MAX).into()
}

/// What a parent has to hear of, beside what ends an attempt.
const SIGNALS: [Signal; 10] = [
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGWINCH,
    Signal::SIGCONT,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGCHLD,
];

/// Without a command: in a container this may be the first process, which is given all orphans.
pub(super) fn expect_orphans(signals: &mut Signals) -> io::Result<()> {
    match getpid().is_init() {
        true => signals.catch_also(&[Signal::SIGCHLD]),
        false => Ok(()),
    }
}

/// Buries who has ended of those that the first process of a PID namespace is given, if that is what was told.
pub(super) fn bury_orphans(caught: Caught) -> bool {
    let told = caught.signal == Signal::SIGCHLD;
    while told && matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
    told
}

/// With one: from now on, what a parent has to hear of is caught; with `all`, also of those that its command leaves.
pub(super) fn expect_children(signals: &mut Signals, all: bool) -> anyhow::Result<()> {
    signals
        .catch_also(&SIGNALS)
        .context("cannot catch signals")?;
    if all {
        kernel::adopt_descendants().context("cannot wait for descendants")?;
    }
    Ok(())
}

/// A command, until it has ended.
pub(super) struct Supervision {
    command: Pid,
    /// Whether its descendants are waited for as well.
    all: bool,
    status: Option<WaitStatus>,
    /// It went on after it was stopped, and this process was not told to.
    continued: bool,
    /// Ctrl-C was pressed.
    interrupted: Option<Caught>,
}

impl Supervision {
    /// Starts the command. The error says that it could not be started, and why.
    pub(super) fn start(
        command: &[OsString],
        all: bool,
        locks: &[Lock],
        inheritance: Inheritance,
    ) -> io::Result<Self> {
        Ok(Self {
            command: start::start(command, locks, inheritance)?,
            all,
            status: None,
            continued: false,
            interrupted: None,
        })
    }

    /// Until it has ended, and those that are waited for with it. `lost` is told of losses; whether the command is to
    /// end for one.
    pub(super) fn until_end(
        mut self,
        events: &Events,
        losses: &mut Losses<'_>,
        mut lost: impl FnMut(lockhost::Error) -> bool,
    ) -> io::Result<Ended> {
        while !self.is_over()? {
            if let Event::Signal(caught) = events.next(&losses.descriptors(), losses.pause())? {
                self.hear(caught)?;
            }
            for error in losses.look() {
                if lost(error) {
                    self.send(Signal::SIGTERM);
                }
            }
        }
        if getpid().is_init() && !self.all {
            end_all_others()?;
        }
        Ok(self.ended())
    }

    fn is_over(&self) -> io::Result<bool> {
        if self.status.is_none() || !self.all {
            return Ok(self.status.is_some());
        }
        // Asked only whether there are any: who has ended by now is buried when that is told.
        match wait(WaitOptions::NOHANG | WaitOptions::CONTINUED) {
            Err(Errno::CHILD) => Ok(true),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(false),
        }
    }

    fn ended(self) -> Ended {
        let status = self.status;
        let signal = status.and_then(WaitStatus::terminating_signal);
        match (signal, self.interrupted) {
            (Some(signal), Some(caught)) if signal == Signal::SIGINT as i32 => {
                Ended::Interrupt(caught)
            }
            (Some(signal), _) => Ended::Command(128 + signal),
            (None, _) => Ended::Command(status.and_then(WaitStatus::exit_status).unwrap_or(1)),
        }
    }

    fn hear(&mut self, caught: Caught) -> io::Result<()> {
        self.note_key(caught);
        if caught.signal == Signal::SIGCONT {
            settle_group();
        }
        // First, whatever has come: the end of the command may be told after a signal that was sent later.
        let stopped = self.bury()?;
        match (caught.signal, caught.sender) {
            (Signal::SIGCHLD, _) => {}
            // It was before the command stopped once more.
            (Signal::SIGCONT, _) if stopped => {}
            // A shell continues all its job; somebody who means this process alone, only this one.
            (Signal::SIGCONT, _) => {
                if !std::mem::take(&mut self.continued) {
                    self.send(Signal::SIGCONT);
                }
            }
            // When a terminal is gone, only the first process of its session hears that. What its keys mean, the command
            // hears as well.
            (Signal::SIGHUP, None) if is_session_leader() => self.send(Signal::SIGHUP),
            (_, None) => {}
            // What the command sends to all its group, it has heard.
            (_, Some(sender)) if self.is_command(sender) => {}
            (signal, Some(_)) => self.send(signal),
        }
        Ok(())
    }

    fn note_key(&mut self, caught: Caught) {
        if caught.is_interrupt_key() {
            self.interrupted = Some(caught);
        }
    }

    fn is_command(&self, pid: u32) -> bool {
        self.status.is_none() && self.command.as_raw_nonzero().get().unsigned_abs() == pid
    }

    /// To the command; once that has ended, to those that it left and that are waited for.
    fn send(&self, signal: Signal) {
        let to = |pid: i32| {
            // Whoever has ended is not buried yet, so its number is nobody else's.
            let _ = kill(unistd::Pid::from_raw(pid), signal);
        };
        match self.status {
            None => to(self.command.as_raw_nonzero().get()),
            Some(_) if self.all => kernel::children().into_iter().for_each(to),
            Some(_) => {}
        }
    }

    /// Takes in who has ended, was stopped or continued. Whether this process has stopped with the command meanwhile.
    fn bury(&mut self) -> io::Result<bool> {
        let any = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let mut stopped = false;
        loop {
            match wait(any) {
                Ok(Some((pid, status))) if pid == self.command && self.status.is_none() => {
                    stopped |= self.follow(status)?;
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(Errno::CHILD) => return Ok(stopped),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Does as the command did. Whether that was to stop.
    fn follow(&mut self, status: WaitStatus) -> io::Result<bool> {
        if let Some(signal) = status.stopping_signal() {
            self.continued = false;
            stop(signal)?;
            return Ok(true);
        }
        if status.continued() {
            self.continued = true;
        } else {
            self.status = Some(status);
        }
        Ok(false)
    }
}

/// Stops this process for the reason that stopped the command, so that a shell sees its job stopped; until it is continued.
fn stop(signal: i32) -> io::Result<()> {
    match Signal::try_from(signal) {
        Ok(signal @ (Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU)) => uncaught(signal),
        // Meant for the command alone, perhaps, and then it is also continued alone. But nobody waits at a terminal for a
        // job that has stopped.
        Ok(Signal::SIGSTOP) if is_in_foreground() => Ok(nix::sys::signal::raise(Signal::SIGSTOP)?),
        _ => Ok(()),
    }
}

/// Waits until a signal that is just being sent to this process' group has reached all of it: Linux lets nobody set a group
/// while it goes through one. Elsewhere the command may hear of SIGCONT once more, which does no harm.
fn settle_group() {
    // It is in this group already, and the first process of a session may not even try.
    let _ = setpgid(Some(getpid()), Some(getpgrp()));
}

fn is_in_foreground() -> bool {
    let terminal = fs::File::open("/dev/tty");
    terminal.is_ok_and(|it| tcgetpgrp(it).is_ok_and(|group| group == getpgrp()))
}

fn is_session_leader() -> bool {
    getsid(None).is_ok_and(|session| session == getpid())
}

/// The end of the first process of a PID namespace is the end of all others in it, but only after it has given up what it
/// holds. So they end before.
fn end_all_others() -> io::Result<()> {
    // It may have none left.
    let _ = kill(unistd::Pid::from_raw(-1), Signal::SIGKILL);
    loop {
        match wait(WaitOptions::empty()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::CHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
