//! The command's environment: the variables about the locks.

use std::{
    ffi::{OsStr, OsString},
    io, path,
};

use lockhost::Lock;

use super::supervise::SEPARATOR;

/// The variables about the session of a lock.
const FENCE: &str = "LOCKHOST_FENCE";
const FENCE_EPOCH: &str = "LOCKHOST_FENCE_EPOCH";

/// Returns the command's variables about the locks: absolute paths, the number in the lock files, and the fencing token.
pub(super) fn environment(locks: &[Lock]) -> io::Result<Vec<(&'static str, OsString)>> {
    let mut files = Vec::new();
    let mut directories = Vec::new();
    for lock in locks {
        let file = path::absolute(lock.path()).map_err(without_directory)?;
        directories.extend(file.parent().map(|it| it.as_os_str().to_owned()));
        files.push(file.into_os_string());
    }
    let pid = locks.first().map_or(0, Lock::pid);
    let mut variables = vec![
        ("LOCKHOST_DIR", joined(&directories)),
        ("LOCKHOST_LOCK", joined(&files)),
        ("LOCKHOST_PID", pid.to_string().into()),
    ];
    let first = locks.first();
    if let Some(token) = first.and_then(Lock::fencing_token) {
        variables.push((FENCE, token.to_string().into()));
    }
    if let Some(epoch) = first.and_then(Lock::incarnation) {
        variables.push((FENCE_EPOCH, epoch.to_string().into()));
    }
    Ok(variables)
}

/// Returns the variables that the command does not inherit: those about the session of another lock, under which lockhost
/// runs.
pub(super) fn removed(locks: &[Lock]) -> impl Iterator<Item = &'static str> + use<> {
    let has_session = locks.iter().any(|lock| lock.fencing_token().is_some());
    [FENCE, FENCE_EPOCH]
        .into_iter()
        .filter(move |_| !has_session)
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
