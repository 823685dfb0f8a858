//! Says that it is ready, waits until its standard input is closed, and becomes the program that it is given.
//!
//! To become another program is POSIX' alone: on other systems nobody starts this.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
