//! The command line of a process by `sysinfo`, as macOS shows it. proc(5) shows more.

use std::ffi::OsString;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// Returns the command and its arguments, and the number of the user that the process runs as. `None` if there is no
/// such process, or it is hidden.
pub(crate) fn cmdline(pid: u32) -> Option<(Vec<OsString>, Option<u32>)> {
    let pid = sysinfo::Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        false,
        ProcessRefreshKind::nothing()
            .with_cmd(UpdateKind::Always)
            .with_user(UpdateKind::Always),
    );
    let process = system.process(pid)?;
    let command = match process.cmd() {
        // Some systems show the arguments only to the process' own user.
        [] => vec![format!("[{}]", process.name().to_string_lossy()).into()],
        command => command.to_vec(),
    };
    Some((command, process.user_id().map(|user| **user)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_shown() {
        let (command, user) = cmdline(std::process::id()).unwrap();
        assert_eq!(command, std::env::args_os().collect::<Vec<_>>());
        assert_eq!(user, Some(rustix::process::getuid().as_raw()));
    }
}
