//! Both backends, each on a directory of its own, for a test that compares what they do.
//!
//! A line on standard input is a task: as JSON, the two `directories`, the lock's `name`, an identity to `assume_dead`
//! or null, and whether to `release` or to drop the lock. For each of the two, the component first, a line on standard
//! output has the result. The first line there is this process's own identity, for a directory that is named as the
//! only argument.
//!
//! strace(1) records it, which only Linux has: on other systems no test starts this.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
