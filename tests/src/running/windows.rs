//! Processes on Windows: handles.

use std::{
    io,
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use windows_sys::Win32::{
    Foundation::{ERROR_INVALID_PARAMETER, FILETIME, WAIT_OBJECT_0},
    System::Threading::{
        GetProcessTimes, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
        WaitForSingleObject,
    },
};

use crate::program::lockhost;

/// Returns when a running process started, in units of 100 ns since 1601.
///
/// # Panics
/// If it is not running.
#[must_use]
pub fn start_of(pid: u32) -> String {
    let process = open(pid).expect("it is running");
    let mut times = [FILETIME::default(); 4];
    let [start, end, kernel, user] = &mut times;
    // SAFETY: the process is open, with the right to do this, and four times are pointed to.
    let told = unsafe { GetProcessTimes(process.as_raw_handle(), start, end, kernel, user) };
    assert_ne!(told, 0, "it has a start time");
    let start = times[0];
    (u64::from(start.dwHighDateTime) << 32 | u64::from(start.dwLowDateTime)).to_string()
}

/// Returns the pid of a process that is not this one, and does not end before it: a child, which ends when its standard
/// input does.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn another_process() -> u32 {
    static ANOTHER_PROCESS: OnceLock<Child> = OnceLock::new();
    let start = || {
        let mut idle = Command::new(lockhost().with_file_name("idle.exe"));
        idle.stdin(Stdio::piped()).stdout(Stdio::null());
        idle.spawn().expect("it can be started")
    };
    ANOTHER_PROCESS.get_or_init(start).id()
}

/// Returns whether there is a process with this pid. `None` if no process can have it.
#[must_use]
pub fn is_there(pid: u32) -> Option<bool> {
    if pid == 0 {
        return None;
    }
    // Pids are multiples of four; the system rounds any other number down to one.
    if !pid.is_multiple_of(4) {
        return Some(false);
    }
    Some(match open(pid) {
        // SAFETY: the process is open, with the right to do this.
        Ok(process) => unsafe { WaitForSingleObject(process.as_raw_handle(), 0) != WAIT_OBJECT_0 },
        Err(error) => error.raw_os_error() != Some(ERROR_INVALID_PARAMETER as i32),
    })
}

fn open(pid: u32) -> io::Result<OwnedHandle> {
    let rights = PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE;
    // SAFETY: the call gets no pointer.
    let process = unsafe { OpenProcess(rights, 0, pid) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is new, and has no other owner.
    Ok(unsafe { OwnedHandle::from_raw_handle(process) })
}
