//! In place of a program that this system has no use for: cargo builds every program everywhere.

use std::process::ExitCode;

pub(crate) fn main() -> ExitCode {
    eprintln!("this system has no such program");
    ExitCode::FAILURE
}
