//! A PID namespace for a command that gets no cgroup: its first process is `init`, and the kernel ends all others with it.

use std::{ffi::CStr, io, ptr};

use nix::libc;

use super::super::spawn::spawn;

/// The system's error for an end of the check that reports success: no call here fails with it.
const PASSED: i32 = libc::ECANCELED;

/// Checks whether one can be made, in a process that ends at once.
///
/// # Errors
/// What is missing.
pub(super) fn check() -> Result<(), String> {
    let attempt = || {
        unshare(libc::CLONE_NEWPID)?;
        own_proc()?;
        Err(io::Error::from_raw_os_error(PASSED))
    };
    match spawn(&["true".into()], &[], &[], attempt) {
        Err(error) if error.raw_os_error() == Some(PASSED) => Ok(()),
        Err(error) => Err(format!("cannot make a PID namespace: {error}")),
        // It has become the program, since its memory is not shared (qemu-user).
        Ok(_) => Err("cannot check whether PID namespaces can be made".to_owned()),
    }
}

/// Makes the next process that this one starts the first of a new namespace.
pub(super) fn for_the_next() -> io::Result<()> {
    unshare(libc::CLONE_NEWPID)
}

/// Mounts proc(5) of this process's namespace, where this process and its descendants alone see it. Makes only system
/// calls.
pub(super) fn own_proc() -> io::Result<()> {
    unshare(libc::CLONE_NEWNS)?;
    // What is mounted elsewhere later still appears here, and nothing the other way round.
    mount(None, c"/", libc::MS_REC | libc::MS_SLAVE)?;
    let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    mount(Some(c"proc"), c"/proc", flags)
}

#[allow(unsafe_code)]
fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: it takes a number, and touches no memory.
    done(unsafe { libc::unshare(flags) })
}

#[allow(unsafe_code)]
fn mount(kind: Option<&CStr>, place: &CStr, flags: libc::c_ulong) -> io::Result<()> {
    let kind = kind.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: the place is a string, the other two are strings or null pointers, which the system takes here.
    done(unsafe { libc::mount(kind, place.as_ptr(), kind, flags, ptr::null()) })
}

fn done(result: libc::c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
