//! Locks, attempts and inspections in many threads at once, each thread in a directory of its own, and with nothing
//! prepared. Prints how many pieces of machine code the process has that are in no file, as wasmtime loads copied code,
//! while all locks are held.
//!
//! `crowd DIRECTORY`; `crowd DIRECTORY denied`: no memory may be made executable.
//!
//! Only Linux has proc(5) and prctl(2): on other systems no test starts this.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
