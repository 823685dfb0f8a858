//! A process whose first thread has ended while another still runs: to the kernel a zombie, and alive all the same. It
//! prints its pid once that is so, and lives until its standard input is closed.
//!
//! Only Linux has such processes: on other systems no test starts this.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
