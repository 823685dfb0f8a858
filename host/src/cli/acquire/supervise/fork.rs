//! The start of a program by the standard library, which forks.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::CommandExt,
    process::Command,
};

use rustix::process::Pid;

/// Starts a program with this process's environment, these variables, and without others. Calls `prepare` in the new
/// process first; it makes only system calls, and returns no error that allocates.
///
/// # Errors
/// The error of `prepare`, or the reason why the program cannot be started.
pub(super) fn spawn(
    command: &[OsString],
    variables: &[(&str, OsString)],
    removed: &[&str],
    prepare: impl Fn() -> io::Result<()> + Send + Sync + 'static,
) -> io::Result<Pid> {
    let program = command.first().map_or(OsStr::new(""), OsString::as_os_str);
    let mut child = Command::new(program);
    child.args(command.iter().skip(1));
    child.envs(variables.iter().map(|(name, value)| (name, value)));
    for name in removed {
        child.env_remove(name);
    }
    #[allow(unsafe_code)]
    // SAFETY: between fork(2) and execve(2), a program with several threads may only do what is safe in a signal
    // handler. The function makes only system calls.
    unsafe {
        child.pre_exec(prepare);
    }
    let number = child.spawn()?.id();
    i32::try_from(number)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}
