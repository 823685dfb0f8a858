//! What only Linux has, or shows, where it is not there.

use std::path::Path;

use super::keeper::Keeper;

/// The system's list is the only one.
pub(crate) fn lists_our_processes() -> bool {
    true
}

/// None can be seen.
pub(crate) fn keepers(_path: &Path) -> Vec<Keeper> {
    Vec::new()
}

/// None can be seen.
pub(crate) fn is_kept_by_any(_path: &Path, _pids: &[u32]) -> bool {
    false
}

/// This process' number, where no more is known of it: without fork(2) there is no more to know.
#[cfg(any(processes = "windows", processes = "unknown"))]
pub(crate) fn number() -> super::number::Number {
    (std::process::id(), None)
}

/// None: no file system is known here, or a lock on a file keeps everybody else from reading it, and a PID file has to be
/// readable.
#[cfg(any(processes = "windows", processes = "unknown"))]
pub(crate) fn evidence_kind(_file: &std::fs::File) -> std::io::Result<Option<u64>> {
    Ok(None)
}
