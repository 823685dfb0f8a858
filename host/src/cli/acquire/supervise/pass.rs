//! The passing on of signals to a process that has not got them by itself.

use nix::{libc, sys::signal::Signal};
use rustix::process::{Pid, getpid, getppid};

use super::kernel;
use crate::cli::{job, signals::Caught};

/// Signals that a key of a terminal, or a change of its size, sends to each process in the foreground.
const KEYS: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTSTP,
    Signal::SIGWINCH,
];

/// Signals that the kernel sends to this process for its own actions.
const OWN: [Signal; 3] = [Signal::SIGTTIN, Signal::SIGTTOU, Signal::SIGXCPU];

/// Passes a signal on to a process, unless that has got it already.
pub(super) fn pass_on(caught: Caught, to: Pid) {
    let is = |signals: &[Signal]| signals.iter().any(|signal| caught.is(*signal));
    let raw = to.as_raw_nonzero().get();
    match caught.sender {
        // A process that signals its whole group gets the signal itself.
        Some(sender) if sender == raw.unsigned_abs() => {}
        Some(_) => send(to, caught.number),
        None if is(&OWN) => {}
        // A key's signal goes to the foreground's group, to which this process belongs. So does the hang-up of a
        // terminal when the first process of its session has ended; before, only that process gets it.
        None if is(&KEYS) || caught.is(Signal::SIGHUP) => match job::group_of(raw) {
            Some(group) if group != job::own_group() => press(caught, to, group),
            _ if caught.is(Signal::SIGHUP) && is_session_leader() => send(to, caught.number),
            _ => {}
        },
        // For example from a timer that was set before this program was started in the same process.
        None => send(to, caught.number),
    }
}

/// Continues a process, and all its group if that is its own: a key has stopped all of it.
pub(super) fn proceed(to: Pid) {
    let own = to.as_raw_nonzero().get();
    match job::group_of(own) {
        Some(group) if group == own && group != job::own_group() => {
            send_to_group(group, libc::SIGCONT);
        }
        _ => send(to, libc::SIGCONT),
    }
}

/// Passes on a key's signal, which is for the whole group if the process has made one of its own.
fn press(caught: Caught, to: Pid, group: i32) {
    // No shell could continue the command. The kernel also ignores Ctrl-Z for such a group.
    if caught.is(Signal::SIGTSTP) && is_orphaned() {
        return;
    }
    let own = to.as_raw_nonzero().get();
    let same_session = job::session_of(own) == job::own_session();
    let number = match caught.is(Signal::SIGTSTP) && !same_session {
        // No shell sees such a group, so the kernel does not stop it for a key.
        true => libc::SIGSTOP,
        false => caught.number,
    };
    match group == own {
        true => send_to_group(group, number),
        false => send(to, number),
    }
}

/// Returns whether the process group of this process is orphaned: no ancestor in this session leads another group, as a
/// shell with job control does.
fn is_orphaned() -> bool {
    let mut pid = getpid().as_raw_nonzero().get();
    let mut parent = Some(getppid().map_or(0, |it| it.as_raw_nonzero().get()));
    loop {
        let ancestor = match parent {
            // The first process of a PID namespace is not stopped by a key. The parent of any other one is outside, and
            // counts as a shell.
            Some(0) => return pid == 1,
            Some(ancestor) => ancestor,
            // If the parent is not known, a shell is assumed.
            None => return false,
        };
        if job::session_of(ancestor) != job::own_session() {
            return true;
        }
        if job::group_of(ancestor) != Some(job::own_group()) {
            return false;
        }
        pid = ancestor;
        parent = kernel::parent_of(ancestor);
    }
}

fn is_session_leader() -> bool {
    job::own_session() == Some(getpid().as_raw_nonzero().get())
}

/// Sends a signal to a process. If the process has ended, supervision notices it soon. The process was not waited for,
/// so no other process has its pid.
#[allow(unsafe_code)]
pub(super) fn send(to: Pid, number: i32) {
    // SAFETY: kill(2) touches no memory. The C library's own signals are never caught, so they are not passed on.
    unsafe { libc::kill(to.as_raw_nonzero().get(), number) };
}

#[allow(unsafe_code)]
fn send_to_group(group: i32, number: i32) {
    // SAFETY: as above. `group` is the pid of a process, and so not 0, which would mean this process's own group.
    unsafe { libc::killpg(group, number) };
}
