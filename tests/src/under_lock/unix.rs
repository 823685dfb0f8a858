//! Commands under the lock on Unix: proc(5), and sh(1).

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    process::Command,
};

use rustix::process::Signal;

use super::until;
use crate::contender::{Contender, send};

/// Returns the same command with its standard error in its standard output, so that both are read line by line.
#[must_use]
pub fn told(command: &Command) -> Command {
    let mut told = Command::new("sh");
    told.args(["-c", "exec \"$0\" \"$@\" 2>&1"])
        .arg(command.get_program())
        .args(command.get_args());
    told
}

/// Sends signals to an owner; its command `hearing` gets each one, once, before the next is sent.
///
/// # Panics
/// If it gets another signal.
pub fn passes_on(owner: &mut Contender, signals: &[(Signal, &str)]) {
    for (signal, name) in signals {
        owner.signal(*signal);
        assert_eq!(owner.line(), format!("heard {name}"));
    }
}

/// Returns whether a process sleeps in poll(2) for longer than any pause but the backstop of a second. It may have
/// begun that a moment ago. `None` if it is not in poll(2).
#[must_use]
pub fn sleeps_until_notified(pid: u32) -> Option<bool> {
    /// A pause before the backstop is half of that, at most.
    const SHORTER: u64 = 600_000_000;
    let call = fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?;
    let mut parts = call.split_ascii_whitespace();
    let number: i64 = parts.next()?.parse().ok()?;
    if number != libc::SYS_ppoll {
        return None;
    }
    // The third argument is the address of the time to wait; a null address is for ever.
    let address = parts.nth(2)?.strip_prefix("0x")?;
    let address = u64::from_str_radix(address, 16).ok()?;
    Some(address == 0 || timespec(pid, address)? > SHORTER)
}

/// Returns the time at an address of a process, in nanoseconds. `None` if there is none, as the process has gone on.
fn timespec(pid: u32, address: u64) -> Option<u64> {
    let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut words = [0; 16];
    memory.read_exact_at(&mut words, address).ok()?;
    let (seconds, nanoseconds) = words.split_at(8);
    let word = |bytes: &[u8]| Some(u64::from_ne_bytes(bytes.try_into().ok()?));
    let seconds = word(seconds)?.checked_mul(1_000_000_000)?;
    seconds.checked_add(word(nanoseconds)?)
}

/// Returns whether a process has an inotify(7) instance.
#[must_use]
pub fn watches(pid: u32) -> bool {
    instances(pid) > 0
}

/// Returns how many inotify(7) instances a process has.
#[must_use]
pub fn instances(pid: u32) -> usize {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten();
    let is_one = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|link| link.to_string_lossy().contains("inotify"))
    };
    descriptors.flatten().filter(is_one).count()
}

/// Stops a process, and waits until it is stopped, as proc(5) shows it.
///
/// # Panics
/// If it is not there.
pub fn stop(pid: u32) {
    send(pid, Signal::STOP).expect("it is there");
    let status = format!("/proc/{pid}/status");
    let is_stopped = || fs::read_to_string(&status).is_ok_and(|it| it.contains("State:\tT"));
    until("it is stopped", is_stopped);
}
