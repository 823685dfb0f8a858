//! The start of the command as with env(1), and what it inherits in addition.

use std::{ffi::OsString, fs::File, io};

use lockhost::Lock;
use nix::sys::signal::SigSet;
use rustix::{
    io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd},
    process::{Pid, getpid, getppid},
};

use super::{
    super::{
        Acquire,
        command::{environment, removed},
    },
    dispositions::Dispositions,
    kernel,
    spawn::spawn,
};
use crate::cli::{notify, signals::Signals};

/// Scripts use descriptors below this number for their own purposes.
const BEYOND_SCRIPTS: i32 = 10;

/// What a command inherits in addition to its arguments.
pub(in super::super) struct Inheritance {
    /// Files with which the kernel keeps the evidence, if the command is to have it.
    pub(super) evidence: Vec<File>,
    /// The signals that are blocked in the command.
    mask: SigSet,
    /// Whether the service manager listens to the command.
    notifies: bool,
}

impl Inheritance {
    /// Collects what the arguments ask for.
    pub(in super::super) fn of(
        locks: &[Lock],
        arguments: &Acquire,
        signals: &Signals,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            evidence: match arguments.close {
                true => Vec::new(),
                false => evidence(locks)?,
            },
            mask: signals.inherited(),
            notifies: arguments.notify.leaves_it_to_the_command(),
        })
    }
}

/// Returns a descriptor for each lock's evidence.
fn evidence(locks: &[Lock]) -> anyhow::Result<Vec<File>> {
    let mut evidence = Vec::new();
    for lock in locks {
        if let Some(file) = lock.evidence()? {
            evidence.push(fcntl_dupfd_cloexec(&file, BEYOND_SCRIPTS).map_or(file, File::from));
        }
    }
    Ok(evidence)
}

/// Starts the command. The error reports that it could not be started, and why.
pub(super) fn start(
    command: &[OsString],
    locks: &[Lock],
    inheritance: Inheritance,
) -> io::Result<Pid> {
    let dispositions = Dispositions::for_waiting()?;
    let notifies = inheritance.notifies;
    let parent = getpid();
    let prepare = move || {
        for file in &inheritance.evidence {
            fcntl_setfd(file, FdFlags::empty())?;
        }
        dispositions.restore()?;
        // If this process is killed, the command has to end. It runs on only as long as its own end takes.
        kernel::end_with_parent()?;
        // The parent may have been killed before that call. A parent in another PID namespace has no pid here.
        if getppid().is_some_and(|now| now != parent) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(inheritance.mask.thread_set_mask()?)
    };
    let removed = removed(locks).chain((!notifies).then_some(notify::SOCKET));
    let removed: Vec<_> = removed.collect();
    spawn(command, &environment(locks)?, &removed, prepare)
}
