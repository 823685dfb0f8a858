//! What a lock costs. On Linux alone: what it is beside is Linux' own, and so is what memory and processors are read from.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "../../src/elsewhere.rs")]
mod benchmark;

use std::process::Termination;

fn main() -> impl Termination {
    benchmark::main()
}
