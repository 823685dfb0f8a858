//! How a process is ended.

/// The command that asks processes of these numbers to end.
pub(super) fn ending(numbers: &str) -> String {
    format!("kill {numbers}")
}
