//! The parent of a command: passes signals on, stops and continues with it, reaps children.

use std::{ffi::OsString, fs, io, thread, time::Duration};

use anyhow::Context;
use lockhost::Lock;
use nix::sys::signal::Signal;
use rustix::{
    io::Errno,
    process::{Pid, WaitOptions, WaitStatus, wait},
};

use super::{
    events::{Event, Events},
    hold::Ended,
    loss::{Change, Losses},
};
use crate::cli::{
    exit_code::ExitCode,
    inherited, job,
    signals::{Caught, Signals, uncaught},
};

#[cfg_attr(kernel = "linux", path = "deadman/linux.rs")]
#[cfg_attr(not(kernel = "linux"), path = "deadman/elsewhere.rs")]
pub(super) mod deadman;
mod dispositions;
mod first;
mod guard;
#[cfg_attr(kernel = "linux", path = "linux.rs")]
#[cfg_attr(not(kernel = "linux"), path = "posix.rs")]
mod kernel;
mod pass;
#[cfg_attr(kernel = "linux", path = "vfork.rs")]
#[cfg_attr(not(kernel = "linux"), path = "fork.rs")]
mod spawn;
mod start;
mod strangers;

pub(super) use self::{
    first::{end_all_others, reap},
    start::Inheritance,
};
use self::{
    guard::{ByLoss, Guard},
    strangers::Strangers,
};

/// The separator of paths in a variable.
pub(super) const SEPARATOR: &str = ":";

/// How long supervision pauses after an error of its own.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest time between two checks of the children, without any signal.
const BACKSTOP: Duration = Duration::from_secs(1);

/// Returns the exit code that a command had.
pub(super) fn code(command: i32) -> ExitCode {
    u8::try_from(command).unwrap_or(u8::MAX).into()
}

/// Waits for the children that have ended, if a signal reports that.
pub(super) fn bury_orphans(caught: Caught) -> bool {
    let told = caught.is(Signal::SIGCHLD);
    if told {
        reap();
    }
    told
}

/// Prepares for a command: from now on, all signals are caught; with `all`, the command's orphans are waited for.
pub(super) fn expect_children(signals: &mut Signals, all: bool) -> anyhow::Result<()> {
    signals
        .catch_all(inherited::ignores_pipe())
        .context("cannot catch signals")?;
    if all {
        kernel::adopt_descendants().context("cannot wait for descendants")?;
    }
    Ok(())
}

/// A command, until it has ended. Dropping this waits for that: even after an error here, no lock is released under a
/// running command.
pub(super) struct Supervision {
    command: Pid,
    /// Whether its descendants are waited for as well: all children of this process except the strangers.
    all: bool,
    strangers: Strangers,
    status: Option<WaitStatus>,
    /// Whether this process has no child any more.
    is_gone: bool,
    /// Whether the command went on after it was stopped, though this process did not continue it.
    continued: bool,
    /// The signal of Ctrl-C, once that was pressed.
    interrupted: Option<Caught>,
    /// Whether this process never stops with the command, because others depend on it.
    stays: bool,
    /// Whether the command is stopped, and this process is not.
    is_stopped: bool,
    /// The process for which the command, a deadman, stands.
    stands_for: Option<i32>,
}

impl Supervision {
    /// Starts the command. The error reports that it could not be started, and why.
    pub(super) fn start(
        command: &[OsString],
        all: bool,
        locks: &[Lock],
        inheritance: Inheritance,
    ) -> io::Result<Self> {
        let strangers = match all {
            true => Strangers::now(),
            false => Strangers::default(),
        };
        let command = start::start(command, locks, inheritance)?;
        Ok(Self::of(command, all, strangers))
    }

    fn of(command: Pid, all: bool, strangers: Strangers) -> Self {
        Self {
            command,
            all,
            strangers,
            status: None,
            is_gone: false,
            continued: false,
            interrupted: None,
            stays: false,
            is_stopped: false,
            stands_for: None,
        }
    }

    /// Supervises a child that was started already, and is part of a deadman and its command. This process does not stop
    /// with it: a session must be confirmed, and a deadline be kept.
    #[cfg_attr(not(kernel = "linux"), allow(dead_code, reason = "for deadmen"))]
    fn beside(child: Pid, all: bool) -> Self {
        let mut supervision = Self::of(child, all, Strangers::default());
        supervision.stays = true;
        supervision
    }

    /// Takes signals of this process as the command's own.
    #[cfg_attr(not(kernel = "linux"), allow(dead_code, reason = "for deadmen"))]
    fn stands_for(&mut self, command: i32) {
        self.stands_for = Some(command);
    }

    /// Waits until the command has ended, and those that are waited for with it. Calls `lost` with each loss; it
    /// returns whether the command is to end for it. Calls `failed` with the first error of this supervision, which
    /// goes on.
    pub(super) fn until_end(
        self,
        events: &Events,
        losses: &mut Losses<'_>,
        lost: impl FnMut(Change<'_>) -> bool,
        failed: impl FnOnce(io::Error),
    ) -> Ended {
        self.until_end_by(events, &mut ByLoss { losses, lost }, failed)
    }

    /// Does the same with any other reasons to end the command.
    fn until_end_by(
        mut self,
        events: &Events,
        guard: &mut impl Guard,
        failed: impl FnOnce(io::Error),
    ) -> Ended {
        let mut failed = Some(failed);
        loop {
            match self.step(events, guard) {
                Ok(true) => return self.ended(),
                Ok(false) => {}
                Err(error) => {
                    if let Some(failed) = failed.take() {
                        failed(error);
                    }
                    thread::sleep(PAUSE);
                    // The signal that reported the command's end may have been read, and no other signal follows. If
                    // this fails as well, the next check repeats it.
                    let _ = self.bury();
                }
            }
        }
    }

    /// Takes one step. Returns whether it was the last.
    fn step(&mut self, events: &Events, guard: &mut impl Guard) -> io::Result<bool> {
        self.strangers.look();
        if self.is_over()? {
            return Ok(true);
        }
        match events.next(&guard.descriptors(), guard.pause().min(BACKSTOP))? {
            Event::Signal(caught) => self.hear(caught)?,
            Event::Elapsed => {
                self.bury()?;
            }
            Event::InputClosed | Event::Ready => {}
        }
        if guard.look() {
            let number = Signal::SIGTERM as i32;
            self.recipients().for_each(|to| pass::send(to, number));
            self.wake();
        }
        Ok(false)
    }

    fn is_over(&self) -> io::Result<bool> {
        if self.status.is_none() || !self.all {
            return Ok(self.status.is_some() || self.is_gone);
        }
        // Only checks whether there are children: the ended ones are reaped when their signal is read.
        match wait(WaitOptions::NOHANG | WaitOptions::CONTINUED) {
            Err(Errno::CHILD) => return Ok(true),
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        Ok(self.strangers.others().is_some_and(|it| it.is_empty()))
    }

    fn ended(&self) -> Ended {
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
        if caught.is_interrupt_key() {
            self.interrupted = Some(caught);
        }
        if caught.is(Signal::SIGCONT) {
            settle_group();
        }
        // First, whatever was pending: the command's end may be reported after a signal that was sent later. If this
        // fails, the signal is passed on all the same.
        let buried = self.bury();
        let stopped = matches!(buried, Ok(true));
        if caught.is(Signal::SIGCONT) {
            // A shell continues its whole job; a user who continues only this process means the command too. A SIGCONT
            // from before the command stopped once more is not meant for it.
            if !stopped && !std::mem::take(&mut self.continued) {
                self.recipients().for_each(pass::proceed);
            }
        } else if !caught.is(Signal::SIGCHLD) && !self.comes_from_behind(caught) {
            self.recipients().for_each(|to| pass::pass_on(caught, to));
            if caught.is_ending() {
                self.wake();
            }
        }
        buried.map(drop)
    }

    /// Returns whether the process has sent the signal for which the command stands. It gets a signal to its group by
    /// itself.
    fn comes_from_behind(&self, caught: Caught) -> bool {
        let sender = caught.sender.map(u32::cast_signed);
        sender.is_some() && sender == self.stands_for
    }

    /// Continues a command that was stopped alone, so that it gets a signal to end: no shell shows it as stopped.
    fn wake(&self) {
        if self.is_stopped {
            self.recipients().for_each(pass::proceed);
        }
    }

    /// Returns the command, or once that has ended, the processes that it left and that are waited for.
    fn recipients(&self) -> impl Iterator<Item = Pid> + use<> {
        let left = match self.status {
            None => vec![self.command],
            Some(_) if self.all => self.strangers.others().unwrap_or_default(),
            Some(_) => Vec::new(),
        };
        left.into_iter()
    }

    /// Reaps the children that have ended, and records which were stopped or continued. Returns whether this process
    /// has stopped with the command meanwhile.
    fn bury(&mut self) -> io::Result<bool> {
        let any = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let mut stopped = false;
        loop {
            match wait(any) {
                Ok(Some((pid, status))) if pid == self.command && self.status.is_none() => {
                    stopped |= self.follow(status)?;
                }
                Ok(Some(_)) => {}
                Ok(None) => return Ok(stopped),
                Err(Errno::CHILD) => {
                    self.is_gone = true;
                    return Ok(stopped);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Stops or continues as the command did. Returns whether it stopped.
    fn follow(&mut self, status: WaitStatus) -> io::Result<bool> {
        if let Some(signal) = status.stopping_signal() {
            self.continued = false;
            if self.stays {
                self.is_stopped = true;
                return Ok(false);
            }
            stop(signal)?;
            return Ok(true);
        }
        if status.continued() {
            self.is_stopped = false;
            self.continued = true;
        } else {
            self.status = Some(status);
        }
        Ok(false)
    }
}

impl Drop for Supervision {
    fn drop(&mut self) {
        while !matches!(self.is_over(), Ok(true)) {
            match wait(WaitOptions::empty()) {
                Ok(Some((pid, status))) if pid == self.command => self.status = Some(status),
                Ok(_) | Err(Errno::INTR) => {}
                // There are no children.
                Err(_) => return,
            }
        }
    }
}

/// Stops this process for the reason that stopped the command, so that a shell sees its job stopped. Returns once it is
/// continued.
fn stop(signal: i32) -> io::Result<()> {
    match Signal::try_from(signal) {
        Ok(signal @ (Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU)) => uncaught(signal),
        // The signal may be for the command alone, which is then also continued alone. But no user waits at a terminal
        // for a job that has stopped.
        Ok(Signal::SIGSTOP) if is_in_foreground() => Ok(nix::sys::signal::raise(Signal::SIGSTOP)?),
        _ => Ok(()),
    }
}

/// Waits until a signal that is being sent to this process's group has reached all of it: Linux lets no process set a
/// group meanwhile. On other systems, and in a group whose leader is outside this PID namespace, the command may get
/// SIGCONT once more, which does no harm.
fn settle_group() {
    job::set_own_group_again();
}

fn is_in_foreground() -> bool {
    let terminal = fs::File::open("/dev/tty");
    terminal.is_ok_and(job::is_in_foreground)
}
