//! proc(5), and sh(1).

use std::{fs, process::Command};

use rustix::process::Signal;

use crate::contender::Contender;

/// The same, with its standard error where its standard output is, so that both are read line by line.
#[must_use]
pub fn told(command: &Command) -> Command {
    let mut told = Command::new("sh");
    told.args(["-c", "exec \"$0\" \"$@\" 2>&1"])
        .arg(command.get_program())
        .args(command.get_args());
    told
}

/// Sends signals to an owner, each of which its command `hearing` hears, once, before the next is sent.
///
/// # Panics
/// If it hears anything else.
pub fn passes_on(owner: &mut Contender, signals: &[(Signal, &str)]) {
    for (signal, name) in signals {
        owner.signal(*signal);
        assert_eq!(owner.line(), format!("heard {name}"));
    }
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
