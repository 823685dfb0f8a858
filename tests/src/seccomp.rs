//! A policy that denies hard links to a process, by seccomp(2).

use std::{io, os::unix::process::CommandExt, process::Command};

/// The numbers of the system calls that make hard links.
#[cfg(target_arch = "x86_64")]
const LINKS: [libc::c_long; 2] = [libc::SYS_linkat, libc::SYS_link];
#[cfg(not(target_arch = "x86_64"))]
const LINKS: [libc::c_long; 2] = [libc::SYS_linkat, libc::SYS_linkat];

fn statement(code: u32, k: u32) -> libc::sock_filter {
    jump(code, k, 0)
}

fn jump(code: u32, k: u32, skipped: u8) -> libc::sock_filter {
    libc::sock_filter {
        code: code as u16,
        jt: skipped,
        jf: 0,
        k,
    }
}

/// Returns a filter with which the kernel answers each attempt at a hard link with this error.
fn filter(errno: i32) -> [libc::sock_filter; 5] {
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let answer = libc::BPF_RET | libc::BPF_K;
    [
        // The system call's number, which stands first.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        jump(equal, LINKS[0] as u32, 2),
        jump(equal, LINKS[1] as u32, 1),
        statement(answer, libc::SECCOMP_RET_ALLOW),
        statement(answer, libc::SECCOMP_RET_ERRNO | errno as u32),
    ]
}

/// Denies hard links to a command, and to every process that it starts.
pub fn deny_links(command: &mut Command, errno: i32) {
    // SAFETY: after fork(2) this makes two system calls, and neither allocates nor locks.
    unsafe { command.pre_exec(move || deny(errno)) };
}

fn deny(errno: i32) -> io::Result<()> {
    let mut filter = filter(errno);
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: these change this process alone; the kernel copies the filter, which lives until then.
    let denied = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) == 0
    };
    if denied {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
