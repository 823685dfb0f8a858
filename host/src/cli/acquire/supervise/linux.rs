//! What Linux does for a parent of processes: prctl(2), proc(5).

use std::{fs, io};

use nix::sys::signal::SigHandler;
use rustix::process::{Signal, getpid, set_child_subreaper, set_parent_process_death_signal};

/// What SIGCHLD is meant to do in a process that is told of it: it is blocked, and kept.
pub(super) const TOLD_OF_CHILDREN: SigHandler = SigHandler::SigDfl;

/// Has this process sent SIGTERM once its parent ends. It makes nothing but a system call.
pub(super) fn end_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::TERM))?)
}

/// Makes this process the parent of those of its descendants that lose theirs.
pub(super) fn adopt_descendants() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// The children of this process, where proc(5) lists them.
pub(super) fn children() -> Vec<i32> {
    let list = format!("/proc/self/task/{}/children", std::process::id());
    let list = fs::read_to_string(list).unwrap_or_default();
    let numbers = list.split_ascii_whitespace();
    numbers.filter_map(|pid| pid.parse().ok()).collect()
}
