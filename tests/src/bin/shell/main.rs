//! A shell with one job, as far as a terminal is concerned: it runs a program in a process group of its own in the
//! foreground of its terminal, which is its standard input.
//!
//! `shell PROGRAM ARGUMENT...` prints `foreground` once the job has the terminal, and `stopped` and the signal's number
//! when the job stops. Then the shell has the terminal itself, and a line from there lets the job go on. At its end it
//! prints `exited` and the code, or `killed` and the signal's number. It has to be the first process of a session that
//! has that terminal: `setsid --ctty`.
//!
//! Only POSIX has job control: on other systems no test starts this.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "../../elsewhere.rs")]
mod program;

use std::process::Termination;

fn main() -> impl Termination {
    program::main()
}
