//! The component and its twin, each on a directory of its own, for whoever watches the system calls of both.
//!
//! A line on standard input is what is to be done: as JSON, the two `directories`, the lock's `name`, an identity to
//! `assume_dead` or null, and whether to `release` or to drop what there is. For each of the two, the component first, a
//! line on standard output tells what came of it. The first line there is this process' own identity, for a directory
//! that is named as the only argument.
//!
//! The twin makes Linux' system calls: on other systems nobody starts this.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
