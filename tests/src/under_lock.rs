//! Commands that the program runs under the lock.

// Observations of a process, and a shell in between.
#[cfg(unix)]
mod unix;

use std::{path::Path, process::Command, thread};

use crate::{contender::Contender, program::lockhost};

#[cfg(unix)]
pub use unix::*;

/// Returns `lockhost acquire` with these options on a directory, and a command.
#[must_use]
pub fn under_lock(options: &[&str], directory: &Path, command: &[&str]) -> Command {
    let mut lockhost = Command::new(lockhost());
    lockhost.arg("acquire").args(options).arg(directory);
    if !command.is_empty() {
        lockhost.arg("--").args(command);
    }
    lockhost
}

/// Returns the pids that the command `hearing` prints: its own, and that of the lock's owner.
///
/// # Panics
/// If it does not run.
pub fn ready(contender: &mut Contender) -> (u32, u32) {
    numbers(&contender.line())
}

/// Returns the same from its line.
///
/// # Panics
/// If it is another line.
#[must_use]
pub fn numbers(line: &str) -> (u32, u32) {
    let numbers = line.strip_prefix("ready ").map(|it| it.split_once(' '));
    let (own, owner) = numbers.flatten().unwrap_or_else(|| panic!("{line}"));
    let number = |text: &str| text.parse().expect("a number");
    (number(own), number(owner))
}

/// Waits until a condition holds of which there is no notification.
///
/// # Panics
/// If it does not hold in time.
pub fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..10_000_000 {
        if so() {
            return;
        }
        thread::yield_now();
    }
    panic!("not so: {what}");
}
