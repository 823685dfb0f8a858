//! The state of a process by `sysinfo`: whether it has ended, and whether the number is a thread's.

use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, ThreadKind};

use crate::process::entry::Seen;

/// Examines one number, and reads only what is needed. Returns `None` if nothing is shown.
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
