//! The first process of a command's PID namespace: it supervises the command in there as the deadman does outside.
//!
//! The deadman kills it, and the kernel kills it when the deadman ends; then nothing of the namespace is left.

use std::{
    ffi::OsString,
    io,
    os::fd::{AsFd, AsRawFd},
    process,
    sync::atomic::AtomicBool,
    time::Duration,
};

use lockhost::BorrowedDescriptor;
use rustix::{
    io::{FdFlags, fcntl_setfd},
    process::{Pid, Signal, set_parent_process_death_signal},
};

use super::{
    super::{Guard, Supervision, dispositions::Dispositions, spawn::spawn},
    arguments::{Arguments, INIT, words},
    link::{Link, Received, Report},
    namespace,
    process::{catch, let_go, spawn_command},
};
use crate::cli::{exit_code::ExitCode, signals::Signals};

/// Starts it, and waits until it has started the command. Returns its pid.
///
/// # Errors
/// If it cannot be started, or the command cannot.
pub(super) fn start(arguments: &Arguments, signals: &Signals) -> io::Result<(Pid, Link)> {
    let (ours, theirs) = Link::pair()?;
    let evidence: Vec<_> = arguments.evidence.iter().map(AsRawFd::as_raw_fd).collect();
    let link = (theirs.as_raw_fd(), arguments.stop, arguments.all, false);
    // It is the same program as this one, a copy or not.
    let program = OsString::from("/proc/self/exe");
    let words = words(INIT, program, link, None, &evidence, &arguments.command);
    let dispositions = Dispositions::for_waiting()?;
    let mask = signals.inherited();
    let prepare = || {
        namespace::own_proc()?;
        fcntl_setfd(&theirs, FdFlags::empty())?;
        dispositions.restore()?;
        // The parent has no pid here. If it has ended already, so has the link.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        Ok(mask.thread_set_mask()?)
    };
    namespace::for_the_next()?;
    let init = spawn(&words, &[], &[], prepare)?;
    drop(theirs);
    match ours.reported() {
        Received::Message(Report::Failed(error)) => Err(io::Error::from_raw_os_error(error)),
        // If it has ended, its status says so.
        _ => Ok((init, ours)),
    }
}

/// Runs it. Returns the command's exit code.
pub(super) fn run(arguments: Arguments) -> ExitCode {
    let link = &arguments.link;
    let failed = |error: io::Error| link.report(Report::of_failure(&error));
    let started = catch(link).and_then(|events| {
        let command = spawn_command(&arguments, &events.signals, &AtomicBool::new(false))?;
        Ok((events, command))
    });
    let Ok((events, command)) = started.map_err(failed) else {
        return ExitCode::FAILURE;
    };
    link.report(Report::Started(command.as_raw_nonzero().get()));
    drop(arguments.evidence);
    // Its end wakes this process, so it is watched although nothing more is sent.
    let _ = arguments.link.never_wait();
    let mut outside = Outside(arguments.link);
    let_go(&[outside.0.as_fd(), events.signals.as_fd()]);
    let supervision = Supervision::beside(command, arguments.all);
    supervision
        .until_end_by(&events, &mut outside, |_| {})
        .code(false)
}

/// The deadman, as it is seen from inside.
struct Outside(Link);

impl Guard for Outside {
    fn descriptors(&self) -> Vec<BorrowedDescriptor<'_>> {
        vec![self.0.as_fd()]
    }

    fn pause(&self) -> Duration {
        Duration::MAX
    }

    fn look(&mut self) -> bool {
        if self.0.deadline() == Received::Ended {
            // All others end with it.
            process::exit(ExitCode::FAILURE.number().into());
        }
        false
    }
}
