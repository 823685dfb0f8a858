//! Calls of sysctl(3).

use std::{ffi::CStr, io, ptr};

use libc::{CTL_KERN, KERN_PROC, KERN_PROC_PID, c_int, c_uint};

use crate::process::kinfo;

/// The run of the kernel.
const BOOT: &CStr = c"kern.bootsessionuuid";

/// Returns the kernel's answer about the process that has a number; empty if there is none.
#[allow(unsafe_code)]
pub(super) fn process(pid: c_int) -> io::Result<Vec<u8>> {
    let mut name = [CTL_KERN, KERN_PROC, KERN_PROC_PID, pid];
    let mut answer = vec![0; kinfo::LENGTH];
    let mut length = answer.len();
    // SAFETY: the name has as many parts as passed, and the answer as much room; nothing is set.
    let done = unsafe {
        libc::sysctl(
            name.as_mut_ptr(),
            name.len() as c_uint,
            answer.as_mut_ptr().cast(),
            &mut length,
            ptr::null_mut(),
            0,
        )
    };
    told(done, answer, length)
}

/// Returns the text that names this run of the kernel.
#[allow(unsafe_code)]
pub(super) fn boot() -> io::Result<Vec<u8>> {
    let mut answer = vec![0; 64];
    let mut length = answer.len();
    // SAFETY: the name ends with a zero, and the answer has as much room as passed; nothing is set.
    let done = unsafe {
        libc::sysctlbyname(
            BOOT.as_ptr(),
            answer.as_mut_ptr().cast(),
            &mut length,
            ptr::null_mut(),
            0,
        )
    };
    told(done, answer, length)
}

fn told(done: c_int, mut answer: Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    answer.truncate(length);
    Ok(answer)
}
