//! The command that ends a process.

/// Returns the command that asks a process to end. One without a window may have to be forced, which the command
/// reports.
pub(super) fn ending(number: &str) -> String {
    format!("taskkill /pid {number}")
}
