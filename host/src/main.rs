//! The program `lockhost`.

#![deny(unsafe_code)]
// On Unix the program has an entry of its own.
#![cfg_attr(all(unix, not(test)), no_main)]

mod arena;
mod cli;
#[cfg(unix)]
mod start;

/// As large as what a start allocates; pages that it does not touch cost nothing.
#[global_allocator]
static ALLOCATOR: arena::Arena<{ 256 << 10 }> = arena::Arena::new();

#[cfg(not(unix))]
fn main() -> std::process::ExitCode {
    let code = cli::run(std::env::args_os().collect());
    code.number().into()
}
