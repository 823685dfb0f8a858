//! The time with the lock: as long as a command runs, or until a signal or the end of standard input ends it.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use lockhost::{Lock, Restored};

use super::{
    Acquire, OnLost,
    events::{Event, Events},
    loss::{Change, Losses},
    supervise::{
        self, Inheritance, Supervision,
        deadman::{self, Guarded},
    },
};
use crate::cli::{exit_code::ExitCode, hint::hinted, signals::Caught};

/// The exit code if the command was not found, as for shells and env(1).
const NOT_FOUND: i32 = 127;

/// The exit code if the command was found, and cannot be run.
const NOT_EXECUTABLE: i32 = 126;

/// The event that ended that time.
pub(super) enum Ended {
    /// A signal, or the end of standard input, where there is no command.
    AsTold,
    /// A loss.
    Loss,
    /// A signal, before there was a command.
    Signal(Caught),
    /// The command, with this exit code.
    Command(i32),
    /// The command, by Ctrl-C.
    #[allow(dead_code, reason = "on Windows the command's code says it")]
    Interrupt(Caught),
}

impl Ended {
    /// Returns the exit code. If a directory was lost or could not be released, the code is never that of success,
    /// whatever the command's.
    pub(super) fn code(self, failed: bool) -> ExitCode {
        match self {
            Self::Loss => ExitCode::FAILURE,
            Self::AsTold | Self::Command(0) if failed => ExitCode::FAILURE,
            Self::AsTold => ExitCode::SUCCESS,
            Self::Command(code) => supervise::code(code),
            Self::Signal(caught) | Self::Interrupt(caught) => caught.end(),
        }
    }
}

/// Locks that are held.
pub(super) struct Holding<'a> {
    arguments: &'a Acquire,
    events: &'a mut Events,
    locks: &'a [Lock],
    lost: Vec<PathBuf>,
}

impl<'a> Holding<'a> {
    pub(super) fn new(arguments: &'a Acquire, events: &'a mut Events, locks: &'a [Lock]) -> Self {
        Self {
            arguments,
            events,
            locks,
            lost: Vec::new(),
        }
    }

    /// Holds the locks until an event ends that.
    pub(super) fn until_the_end(&mut self) -> anyhow::Result<Ended> {
        if self.arguments.command.is_empty() {
            self.until_told().context("cannot wait for signals")
        } else {
            self.until_the_command_ends()
        }
    }

    /// Returns the lock files that were reported as lost.
    pub(super) fn losses(self) -> Vec<PathBuf> {
        self.lost
    }

    fn until_told(&mut self) -> io::Result<Ended> {
        let mut losses = Losses::new(self.locks);
        if self.arguments.coordination.is_given() {
            deadman::leave_in_time(self.arguments, self.locks);
        }
        loop {
            let mut others = losses.descriptors();
            others.extend(self.locks.iter().filter_map(Lock::lost));
            match self.events.next(&others, losses.pause())? {
                Event::Signal(caught) if supervise::bury_orphans(caught) => {}
                Event::Signal(_) | Event::InputClosed => return Ok(Ended::AsTold),
                Event::Ready | Event::Elapsed => {}
            }
            for change in losses.look() {
                if lose(&mut self.lost, self.arguments, change) {
                    return Ok(Ended::Loss);
                }
            }
            if let Some((lock, error)) = deadman::loss(self.locks) {
                self.lost.push(lock.path().to_owned());
                self.arguments.reporter().failed(&error);
                return Ok(Ended::Loss);
            }
        }
    }

    fn until_the_command_ends(&mut self) -> anyhow::Result<Ended> {
        let signals = &mut self.events.signals;
        supervise::expect_children(signals, self.arguments.all)?;
        let inheritance = Inheritance::of(self.locks, self.arguments, signals)?;
        // The last moment at which a signal cannot be passed on to a command.
        while let Some(caught) = signals.next()? {
            if caught.is_ending() {
                return Ok(Ended::Signal(caught));
            }
        }
        if self.arguments.coordination.is_given() {
            return Ok(self.until_the_deadman_ends(inheritance));
        }
        let (command, all) = (&self.arguments.command, self.arguments.all);
        let supervision = match Supervision::start(command, all, self.locks, inheritance) {
            Ok(supervision) => supervision,
            Err(error) => return Ok(self.cannot_run(&error)),
        };
        let mut losses = Losses::new(self.locks);
        let (lost, arguments) = (&mut self.lost, self.arguments);
        let lose = |change: Change<'_>| lose(lost, arguments, change);
        Ok(
            supervision.until_end(self.events, &mut losses, lose, |error| {
                cannot_watch(arguments, &error);
            }),
        )
    }

    /// Holds the lock while a command runs that is ended before the session's deadline.
    fn until_the_deadman_ends(&mut self, inheritance: Inheritance) -> Ended {
        let guarded = match Guarded::start(self.arguments, self.locks, inheritance) {
            Ok(guarded) => guarded,
            Err(error) => return self.cannot_run(&error),
        };
        let mut losses = Losses::new(self.locks);
        let (mut unconfirmed, arguments) = (Vec::new(), self.arguments);
        let lost = &mut self.lost;
        let lose = |change: Change<'_>| lose(lost, arguments, change);
        let ended = guarded.until_end(
            arguments,
            self.events,
            &mut losses,
            lose,
            &mut unconfirmed,
            |error| cannot_watch(arguments, &error),
        );
        self.lost.append(&mut unconfirmed);
        ended
    }

    fn cannot_run(&self, error: &io::Error) -> Ended {
        let command = Path::new(&self.arguments.command[0]).display();
        let what = format!("cannot run {command}: {error}");
        let error_with_hint = match has_no_directory(error) {
            true => hinted(
                what,
                "start in a directory that exists: the working directory was removed",
            ),
            false => anyhow!(what),
        };
        self.arguments.reporter().failed(&error_with_hint);
        Ended::Command(match error.kind() {
            io::ErrorKind::NotFound => NOT_FOUND,
            _ => NOT_EXECUTABLE,
        })
    }
}

fn cannot_watch(arguments: &Acquire, error: &io::Error) {
    arguments.reporter().failed(&anyhow!(
        "cannot watch the command: {error}; the locks are held until it has ended"
    ));
}

/// Returns whether a command may be missing because the working directory was removed: no relative path leads to a file
/// then.
fn has_no_directory(error: &io::Error) -> bool {
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let may_be_why = is_missing(error) || error.kind() == io::ErrorKind::Other;
    may_be_why && env::current_dir().is_err_and(|error| is_missing(&error))
}

/// Reports a loss, or that a lock file was put back. Returns whether that ends the time with the lock.
///
/// A file that is back does not prove that no other process had the directory. Only [`Restored::Observed`] does, and
/// [`Restored::Claim`], for which the lock file was in its place. Any other change ends what a loss ends.
fn lose(lost: &mut Vec<PathBuf>, arguments: &Acquire, change: Change<'_>) -> bool {
    // Beside a coordinator, another owner comes by itself.
    let ends = arguments.on_lost == OnLost::Terminate || arguments.coordination.is_given();
    match change {
        Change::Lost(error) => {
            lost.push(error.path().to_owned());
            arguments.reporter().failed(&error.into());
            ends
        }
        Change::Restored(lock, restored) => {
            arguments.reporter().restored(lock, restored);
            let ends = ends && !matches!(restored, Restored::Observed | Restored::Claim);
            if ends {
                lost.push(lock.path().to_owned());
            }
            ends
        }
    }
}
