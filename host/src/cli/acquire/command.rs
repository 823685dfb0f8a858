//! Starting the command as env(1) would have, with what it inherits beside.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::unix::process::CommandExt,
    path,
    process::Command,
};

use lockhost::Lock;
use nix::sys::signal::SigSet;
use rustix::{
    io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd},
    process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal},
};

use crate::cli::{dispositions::Dispositions, notify};

/// Numbers of descriptors that scripts use for their own are below this.
const BEYOND_SCRIPTS: i32 = 10;

/// What a command is given beside its arguments.
pub(super) struct Inheritance {
    /// Under which the kernel keeps the evidence, if the command is to have it.
    pub(super) evidence: Vec<File>,
    /// The signals that are blocked in it.
    pub(super) mask: SigSet,
    /// Whether the service manager listens to it.
    pub(super) notifies: bool,
}

/// A descriptor for each lock's evidence.
pub(super) fn evidence(locks: &[Lock]) -> anyhow::Result<Vec<File>> {
    let mut evidence = Vec::new();
    for lock in locks {
        if let Some(file) = lock.evidence()? {
            evidence.push(fcntl_dupfd_cloexec(&file, BEYOND_SCRIPTS).map_or(file, File::from));
        }
    }
    Ok(evidence)
}

/// Starts it. The error says that it could not be started, and why.
pub(super) fn start(
    command: &[OsString],
    locks: &[Lock],
    inheritance: Inheritance,
) -> io::Result<Pid> {
    let dispositions = Dispositions::for_waiting()?;
    let notifies = inheritance.notifies;
    let parent = getpid();
    let prepare = move || {
        for file in &inheritance.evidence {
            fcntl_setfd(file, FdFlags::empty())?;
        }
        dispositions.restore()?;
        // If this process is killed the command has to end: it goes on only for as long as that takes it.
        set_parent_process_death_signal(Some(Signal::TERM))?;
        // The parent may have been killed before that was set. One in another PID namespace has no number here.
        if getppid().is_some_and(|now| now != parent) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(inheritance.mask.thread_set_mask()?)
    };
    let mut child = Command::new(&command[0]);
    child.args(&command[1..]).envs(environment(locks)?);
    if !notifies {
        child.env_remove(notify::SOCKET);
    }
    #[allow(unsafe_code)]
    // SAFETY: between fork(2) and execve(2) only what is safe in a signal handler may be done, for the sake of programs
    // with several threads. This one has a single thread, and the function makes system calls and nothing else: no error
    // that it returns allocates.
    unsafe {
        child.pre_exec(prepare);
    }
    let number = child.spawn()?.id();
    i32::try_from(number)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// What the command sees of the locks: absolute paths, and the number in the lock files.
fn environment(locks: &[Lock]) -> io::Result<[(&'static str, OsString); 3]> {
    let mut files = Vec::new();
    let mut directories = Vec::new();
    for lock in locks {
        let file = path::absolute(lock.path())?;
        directories.extend(file.parent().map(|it| it.as_os_str().to_owned()));
        files.push(file.into_os_string());
    }
    let pid = locks.first().map_or(0, Lock::pid);
    Ok([
        ("LOCKHOST_DIR", joined(&directories)),
        ("LOCKHOST_LOCK", joined(&files)),
        ("LOCKHOST_PID", pid.to_string().into()),
    ])
}

/// As in `PATH`.
fn joined(paths: &[OsString]) -> OsString {
    paths.join(OsStr::new(":"))
}
