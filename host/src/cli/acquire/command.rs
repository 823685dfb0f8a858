//! The command's environment: the variables about the locks.

use std::{
    ffi::{OsStr, OsString},
    io, path,
};

use lockhost::Lock;

use super::supervise::SEPARATOR;

/// Returns the command's variables about the locks: absolute paths, and the number in the lock files.
pub(super) fn environment(locks: &[Lock]) -> io::Result<[(&'static str, OsString); 3]> {
    let mut files = Vec::new();
    let mut directories = Vec::new();
    for lock in locks {
        let file = path::absolute(lock.path()).map_err(without_directory)?;
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

/// Rewords the error of a relative path that has no absolute form because the working directory was removed. Otherwise
/// the user would think that the command is missing.
fn without_directory(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("the working directory was removed"),
        _ => error,
    }
}

/// Joins paths as in `PATH`.
fn joined(paths: &[OsString]) -> OsString {
    paths.join(OsStr::new(SEPARATOR))
}
