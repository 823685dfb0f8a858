//! Prints that it is ready, waits until its standard input is closed, and becomes the program that it is given.
//!
//! Only POSIX lets a process become another program: on other systems no test starts this.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
