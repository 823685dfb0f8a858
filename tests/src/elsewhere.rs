//! A stub for a program that this system has no use for: cargo builds every program on every system.

use std::process::ExitCode;

pub(crate) fn main() -> ExitCode {
    eprintln!("this system has no such program");
    ExitCode::FAILURE
}
