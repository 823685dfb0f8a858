//! Takes a lock, and an attempt that waits, and forks: the child tells what it sees of them, drops both and ends; then
//! the parent tells what is left.
//!
//! `forked DIRECTORY OTHER THIRD`: the lock is on the first, the attempt on the second, where a fresh file that names
//! nobody has to settle. The third is the child's: it takes it by itself, and for a time has it while the parent asks.
//!
//! `forked DIRECTORY`: a daemon, which takes the lock after it has forked, and holds it until standard input ends.
//! `forked DIRECTORY early`: one that takes it before.
//!
//! fork(2) is POSIX' alone: on other systems nobody starts this.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
