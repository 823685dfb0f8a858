//! How a process is ended.

/// The command that asks it to end.
pub(super) fn ending(pid: u32) -> String {
    format!("kill {pid}")
}
