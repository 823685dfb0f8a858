//! Locks, attempts and inspections in many threads at once, each thread in a directory of its own, and none of which finds
//! anything made ready. Tells how many pieces of machine code the process has that are in no file, as wasmtime loads what it
//! has copied, while all of it is held.
//!
//! `crowd DIRECTORY`; `crowd DIRECTORY denied`: no memory may be made executable.
//!
//! proc(5) and prctl(2) are Linux' alone: on other systems nobody starts this.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
