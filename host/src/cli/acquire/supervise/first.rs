//! What the first process of a PID namespace has to do for the others in it.

use std::{thread, time::Duration};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd,
};
use rustix::process::{WaitOptions, getpid, wait};

use super::kernel;

/// How often processes that come in meanwhile, as by nsenter(1), are ended as well.
const ROUNDS: u32 = 64;

/// How long to wait between two questions whether any other process is left.
const TICK: Duration = Duration::from_millis(10);

/// How often to ask that.
const TICKS: u32 = 100;

/// If this is the first process of a PID namespace, ends all others in it, its children and those that came in from
/// outside: its own end would be theirs, but only after it has given up what it holds.
///
/// # Errors
/// A sentence if some cannot be ended, or are not known to have ended.
pub(in super::super) fn end_all_others() -> Result<(), String> {
    if !getpid().is_init() {
        return Ok(());
    }
    let all = unistd::Pid::from_raw(-1);
    for _ in 0..ROUNDS {
        // Neither this process nor one of a namespace above is among them.
        let killed = kill(all, Signal::SIGKILL);
        if killed == Err(Errno::ESRCH) {
            return Ok(());
        }
        let Some(living) = kernel::living_others() else {
            return end_unseen(all);
        };
        // A process that came in since then is sent the signal here: all that are listed are in this namespace, and this
        // process is not among them.
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

/// Without a proc(5) of this namespace: waits for its children, and asks whether there are others.
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

/// Waits for processes that proc(5) does not show to this user (`hidepid=2`), for a bounded time. The kernel counts them
/// all, and those that have ended until their parent has waited for them.
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

/// Waits for the children that have ended already, of which the first process is given all orphans. Elsewhere a process
/// may have been given some as well: as a subreaper, or as a shell that became this program.
pub(in super::super) fn reap() {
    while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
}
