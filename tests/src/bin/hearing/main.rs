//! A command that prints each signal that it gets, and goes on. SIGUSR2 ends it, with code 3.
//!
//! `hearing` prints `ready`, its pid and that of the lock's owner, and then `heard` and the signal's name for each. It
//! stops by SIGTSTP as any other program does, and ends by itself after a minute, whatever its test does. `hearing all`
//! first sends SIGTERM to all its process group; `hearing apart` is in a process group of its own, and `hearing
//! elsewhere` in a session of its own.
//!
//! Only POSIX has signals: on other systems no test starts this.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
