//! Acquires a lock, begins an attempt that waits, and forks. The child prints what it sees of them, drops both and
//! ends; then the parent prints what is left.
//!
//! `forked DIRECTORY OTHER THIRD`: the lock is on the first; the attempt is on the second, where a fresh file that
//! names no owner has to settle. The third is the child's: it acquires that itself, and for a time holds it while the
//! parent asks.
//!
//! `forked DIRECTORY`: a daemon, which acquires the lock after it has forked, and holds it until standard input ends.
//! `forked DIRECTORY early`: one that acquires it before.
//!
//! Only POSIX has fork(2): on other systems no test starts this.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
