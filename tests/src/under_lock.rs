//! Commands that the program runs under the lock.

use std::{fs, path::Path, process::Command, thread};

use crate::{contender::Contender, program::lockhost};

/// `lockhost acquire` with these options on a directory, and a command.
#[must_use]
pub fn under_lock(options: &[&str], directory: &Path, command: &[&str]) -> Command {
    let mut lockhost = Command::new(lockhost());
    lockhost.arg("acquire").args(options).arg(directory);
    if !command.is_empty() {
        lockhost.arg("--").args(command);
    }
    lockhost
}

/// The same, with its standard error where its standard output is, so that both are read line by line.
#[must_use]
pub fn told(command: &Command) -> Command {
    let mut told = Command::new("sh");
    told.args(["-c", "exec \"$0\" \"$@\" 2>&1"])
        .arg(command.get_program())
        .args(command.get_args());
    told
}

/// The numbers that the command `hearing` tells of itself, and of who has the lock.
///
/// # Panics
/// If it does not run.
pub fn ready(contender: &mut Contender) -> (u32, u32) {
    numbers(&contender.line())
}

/// The same, in its line.
///
/// # Panics
/// If it is another one.
#[must_use]
pub fn numbers(line: &str) -> (u32, u32) {
    let numbers = line.strip_prefix("ready ").map(|it| it.split_once(' '));
    let (own, owner) = numbers.flatten().unwrap_or_else(|| panic!("{line}"));
    let number = |text: &str| text.parse().expect("a number");
    (number(own), number(owner))
}

/// Waits until something is so that nobody tells of.
///
/// # Panics
/// If it does not come so far.
pub fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..10_000_000 {
        if so() {
            return;
        }
        thread::yield_now();
    }
    panic!("not so: {what}");
}

/// Whether a process sleeps in poll(2), and is to be woken by nothing but an event. `None` if it is somewhere else.
#[must_use]
pub fn sleeps_until_told(pid: u32) -> Option<bool> {
    let call = fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?;
    let mut parts = call.split_ascii_whitespace();
    let number: i64 = parts.next()?.parse().ok()?;
    // The third argument is the time to wait; none is for ever.
    (number == libc::SYS_ppoll).then_some(parts.nth(2) == Some("0x0"))
}

/// Whether a process has an inotify(7) descriptor.
#[must_use]
pub fn watches(pid: u32) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten();
    descriptors.flatten().any(|entry| {
        fs::read_link(entry.path()).is_ok_and(|link| link.to_string_lossy().contains("inotify"))
    })
}
