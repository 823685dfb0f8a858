//! The duties of the first process of a PID namespace toward the others in it.

use std::{thread, time::Duration};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd,
};
use rustix::process::{WaitOptions, getpid, wait};

use super::kernel;

/// How often to end processes that join meanwhile, as with nsenter(1).
const ROUNDS: u32 = 64;

/// How long to wait between two checks for other processes.
const TICK: Duration = Duration::from_millis(10);

/// How many of these checks to make.
const TICKS: u32 = 100;

/// Ends all other processes of a PID namespace, if this is the first one in it: its children, and processes that joined
/// from outside. The kernel would end them with this process, but only after it has released its locks.
///
/// # Errors
/// A message if some cannot be ended, or are not known to have ended.
pub(in super::super) fn end_all_others() -> Result<(), String> {
    if !getpid().is_init() {
        return Ok(());
    }
    let all = unistd::Pid::from_raw(-1);
    for _ in 0..ROUNDS {
        // The kernel excludes this process, and those of a namespace above.
        let killed = kill(all, Signal::SIGKILL);
        if killed == Err(Errno::ESRCH) {
            return Ok(());
        }
        let Some(living) = kernel::living_others() else {
            return end_unseen(all);
        };
        // A process that joined since then gets the signal here: all listed processes are in this namespace, and this
        // process is not listed.
        let is_beyond =
            |pid: &i32| kill(unistd::Pid::from_raw(*pid), Signal::SIGKILL) == Err(Errno::EPERM);
        let (beyond, ending): (Vec<_>, Vec<_>) = living.into_iter().partition(is_beyond);
        if ending.is_empty() {
            reap();
            return match beyond.is_empty() {
                true => end_hidden(all),
                false => Err(format!("{} cannot be ended by this user", listed(&beyond))),
            };
        }
        kernel::await_ends(&ending);
        reap();
    }
    Err(
        "processes in this PID namespace do not end when they are killed, or new ones keep coming in"
            .to_owned(),
    )
}

/// Waits for its children, and checks whether there are others, without a proc(5) of this namespace.
fn end_unseen(all: unistd::Pid) -> Result<(), String> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(_) => {}
            Err(error) if error == rustix::io::Errno::INTR => {}
            Err(_) => break,
        }
    }
    match are_gone(all) {
        true => Ok(()),
        false => Err(unknown("without /proc")),
    }
}

/// Waits, for a bounded time, for processes that proc(5) does not show to this user (`hidepid=2`). The kernel counts
/// them all, and those that have ended until their parent has waited for them.
fn end_hidden(all: unistd::Pid) -> Result<(), String> {
    for _ in 0..TICKS {
        if are_gone(all) {
            return Ok(());
        }
        thread::sleep(TICK);
        reap();
    }
    Err(unknown("where /proc does not show all processes,"))
}

fn are_gone(all: unistd::Pid) -> bool {
    kill(all, None) == Err(Errno::ESRCH)
}

fn unknown(why: &str) -> String {
    format!("{why} it is not known whether all other processes in this PID namespace have ended")
}

fn listed(pids: &[i32]) -> String {
    let named = |pid: &i32| match kernel::name_of(*pid) {
        Some(name) => format!("{pid} ({name})"),
        None => pid.to_string(),
    };
    let names: Vec<_> = pids.iter().map(named).collect();
    format!("pid {}", names.join(", "))
}

/// Waits for the children that have ended already: the first process gets all orphans. Another process may have got
/// some as well, as a subreaper, or as a shell that became this program.
pub(in super::super) fn reap() {
    while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
}
