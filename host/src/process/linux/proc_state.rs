//! What `sysinfo` tells of a process: that it has ended, and that a number is a thread's.

use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, ThreadKind};

use crate::process::entry::Seen;

/// Looks at one number, and asks for nothing that is not needed. `None` if there is nothing to be seen.
pub(crate) fn state(pid: u32) -> Option<Seen> {
    let pid = Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        false,
        ProcessRefreshKind::nothing(),
    );
    let process = system.process(pid)?;
    Some(Seen {
        ended: matches!(
            process.status(),
            ProcessStatus::Zombie | ProcessStatus::Dead
        ),
        thread: process.thread_kind() == Some(ThreadKind::Userland),
    })
}
