//! A command that tells each signal that it hears, and goes on. SIGUSR2 ends it, with code 3.
//!
//! `hearing` prints `ready`, its number and that of who has the lock, and then `heard` and the signal's name for each. It
//! stops by SIGTSTP as any other, and ends by itself after a minute, whatever has become of its test. `hearing all` first
//! sends SIGTERM to all its process group; `hearing apart` is in a process group of its own, and `hearing elsewhere` in a
//! session of its own.
//!
//! Signals are POSIX' alone: on other systems nobody starts this.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
