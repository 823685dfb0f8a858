//! How a process is ended.

/// The command that asks it to end. One without a window may have to be made to, which the command says.
pub(super) fn ending(number: &str) -> String {
    format!("taskkill /pid {number}")
}
