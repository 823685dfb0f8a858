//! The command that ends a process.

/// Returns the command that asks processes with these pids to end.
pub(super) fn ending(numbers: &str) -> String {
    format!("kill {numbers}")
}
