//! Replacements for what only Linux has, or shows.

use std::path::Path;

use super::keeper::Keeper;

/// Returns whether the list shows this process' PID namespace: the system has only one list.
pub(crate) fn lists_our_processes() -> bool {
    true
}

/// Returns no process: the system shows none.
pub(crate) fn keepers(_path: &Path) -> Vec<Keeper> {
    Vec::new()
}

/// Returns `false`: the system shows no such process.
pub(crate) fn is_kept_by_any(_path: &Path, _pids: &[u32]) -> bool {
    false
}

/// Returns this process' number. Without fork(2), nothing else is needed to distinguish processes.
#[cfg(any(processes = "windows", processes = "unknown"))]
pub(crate) fn number() -> super::number::Number {
    (std::process::id(), None)
}

/// Returns `None`: no file system is known here, or a lock on a file prevents other processes from reading it, and a
/// PID file must be readable.
#[cfg(any(processes = "windows", processes = "unknown"))]
pub(crate) fn evidence_kind(_file: &std::fs::File) -> std::io::Result<Option<u64>> {
    Ok(None)
}
