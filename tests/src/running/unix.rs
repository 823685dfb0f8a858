//! Processes on Unix: proc(5) and kill(2).

use std::fs;

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

/// Returns when a running process started, in the kernel's ticks.
///
/// # Panics
/// If it is not running.
#[must_use]
pub fn start_of(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it is running");
    let start = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_ascii_whitespace().nth(19));
    start.expect("it has a start time").to_owned()
}

/// Returns the pid of a process that is not this one, and does not end before it: the first.
#[must_use]
pub fn another_process() -> u32 {
    1
}

/// Returns whether there is a process with this pid. `None` if no process can have it.
#[must_use]
pub fn is_there(pid: u32) -> Option<bool> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    Some(test_kill_process(pid) != Err(Errno::SRCH))
}
