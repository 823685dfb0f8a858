//! Handles of processes.

use std::{
    io,
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    process,
};

use windows_sys::Win32::{
    Foundation::{ERROR_INVALID_PARAMETER, FILETIME, INVALID_HANDLE_VALUE, WAIT_OBJECT_0},
    System::{
        Diagnostics::ToolHelp::{
            CreateToolhelp32Snapshot, PROCESSENTRY32, Process32First, Process32Next,
            TH32CS_SNAPPROCESS,
        },
        Threading::{
            GetProcessTimes, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
            WaitForSingleObject,
        },
    },
};

/// When a running process started, in units of 100 ns since 1601.
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

/// The number of a process that is not this one, and runs for as long as the system does: the first that it has started.
///
/// # Panics
/// If the system lists none.
#[must_use]
pub fn somebody() -> u32 {
    // SAFETY: nothing is pointed to.
    let list = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    assert_ne!(list, INVALID_HANDLE_VALUE, "a list of all processes");
    // SAFETY: the handle is new, and nobody else's.
    let list = unsafe { OwnedHandle::from_raw_handle(list) };
    let mut entry = PROCESSENTRY32 {
        dwSize: size_of::<PROCESSENTRY32>() as u32,
        ..PROCESSENTRY32::default()
    };
    // SAFETY: the list is open, and the entry says how large it is.
    let mut more = unsafe { Process32First(list.as_raw_handle(), &mut entry) };
    let mut first = u32::MAX;
    while more != 0 {
        // Number 0 is what runs when nobody does.
        if ![0, process::id()].contains(&entry.th32ProcessID) {
            first = first.min(entry.th32ProcessID);
        }
        // SAFETY: as above.
        more = unsafe { Process32Next(list.as_raw_handle(), &mut entry) };
    }
    assert_ne!(first, u32::MAX, "somebody else is there");
    first
}

/// Whether there is a process of this number. `None` if it can be nobody's.
#[must_use]
pub fn is_there(pid: u32) -> Option<bool> {
    if pid == 0 {
        return None;
    }
    // Numbers are multiples of four, and for any other the system takes the next lower one.
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
    // SAFETY: nothing is pointed to.
    let process = unsafe { OpenProcess(rights, 0, pid) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is new, and nobody else's.
    Ok(unsafe { OwnedHandle::from_raw_handle(process) })
}
