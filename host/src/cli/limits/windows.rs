//! Limits on Windows: none from the process that starts this one. A job may set some, and has its own errors.

use std::io;

use crate::cli::exit_code::ExitCode;

/// Runs the program.
///
/// # Errors
/// None.
pub(crate) fn run(program: impl FnOnce() -> ExitCode) -> io::Result<ExitCode> {
    Ok(program())
}
