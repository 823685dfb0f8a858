//! The program `lockhost`.

#![deny(unsafe_code)]
// On Unix the program has an entry of its own.
#![cfg_attr(all(unix, not(test)), no_main)]

mod cli;
#[cfg(unix)]
mod start;

#[cfg(not(unix))]
fn main() -> std::process::ExitCode {
    let code = cli::run(std::env::args_os().collect());
    code.number().into()
}
