//! The job that this process belongs to: its process group and session, as getpgid(2) and getsid(2) report them.
//!
//! The number of either is 0 if its leader is outside this PID namespace, as after nsenter(1). All groups outside have
//! that number, and count as one here: most often, one shell has started both.

use std::os::fd::AsFd;

use nix::unistd::{Pid, getpgid, getpgrp, getsid, setpgid, tcgetpgrp};

/// Returns this process's group.
pub(super) fn own_group() -> i32 {
    getpgrp().as_raw()
}

/// Returns a process's group; `None` if there is no such process.
pub(super) fn group_of(pid: i32) -> Option<i32> {
    getpgid(Some(Pid::from_raw(pid))).ok().map(Pid::as_raw)
}

/// Returns this process's session.
pub(super) fn own_session() -> Option<i32> {
    getsid(None).ok().map(Pid::as_raw)
}

/// Returns a process's session; `None` if there is no such process, or the system hides other sessions.
pub(super) fn session_of(pid: i32) -> Option<i32> {
    getsid(Some(Pid::from_raw(pid))).ok().map(Pid::as_raw)
}

/// Puts this process into the group that it is already in. The kernel does that once no signal is on its way through
/// the group.
pub(super) fn set_own_group_again() {
    let group = getpgrp();
    // 0 would make a new one. And the first process of a session may not even try.
    if group != Pid::from_raw(0) {
        let _ = setpgid(Pid::from_raw(0), group);
    }
}

/// Returns whether this process's group has the terminal's foreground now.
pub(super) fn is_in_foreground(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal) == Ok(getpgrp())
}
