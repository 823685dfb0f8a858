//! No process is limited here by the one that starts it, but by a job, which has its own errors.

use std::{io, process::ExitCode};

/// Runs the program.
///
/// # Errors
/// None.
pub(crate) fn run(program: fn() -> ExitCode) -> io::Result<ExitCode> {
    Ok(program())
}
