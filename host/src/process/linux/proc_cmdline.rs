//! The command line of a running process in proc(5), for a person.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::ffi::OsStringExt,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// The longest wait for the arguments of a process.
const PATIENCE: Duration = Duration::from_secs(1);

/// The maximum number of threads that wait for arguments. A process that never answers cannot collect more of them.
const MOST_LATE: usize = 8;

/// The number of threads that wait now.
static LATE: AtomicUsize = AtomicUsize::new(0);

/// Returns the command and its arguments, and the number of the user that the process runs as. `None` if there is no
/// such process, or it is hidden.
pub(crate) fn cmdline(pid: u32) -> Option<(Vec<OsString>, Option<u32>)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    // The real user is the first: the one who started it.
    let user = line("Uid:")?
        .split_ascii_whitespace()
        .next()?
        .parse()
        .ok()?;
    let command = match arguments(pid) {
        Some(arguments) => command(&arguments.ok()?),
        None => Vec::new(),
    };
    if command.is_empty() {
        // A zombie, a thread of the kernel, or a process that does not answer: only its name is left.
        let name = format!("[{}]", line("Name:")?.trim());
        return Some((vec![name.into()], Some(user)));
    }
    Some((command, Some(user)))
}

/// Returns the arguments as the kernel reads them: from the memory of the process, under the lock of that memory. A
/// process may hold that lock while it waits for a dead server, for instance in munmap(2) of a file. Its reader would
/// wait as well. `None` if they cannot be read in time; the thread that reads them ends with the wait, or with this
/// process.
fn arguments(pid: u32) -> Option<io::Result<Vec<u8>>> {
    within(PATIENCE, move || fs::read(format!("/proc/{pid}/cmdline")))
}

/// Returns the result of some work, if the work takes no longer than this.
fn within<T: Send + 'static>(
    time: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if LATE.load(Ordering::Relaxed) >= MOST_LATE {
        return None;
    }
    let (sender, receiver) = mpsc::channel();
    LATE.fetch_add(1, Ordering::Relaxed);
    let work = move || {
        let result = work();
        LATE.fetch_sub(1, Ordering::Relaxed);
        // There is no receiver any more once it was too late.
        let _ = sender.send(result);
    };
    if thread::Builder::new().spawn(work).is_err() {
        LATE.fetch_sub(1, Ordering::Relaxed);
        return None;
    }
    receiver.recv_timeout(time).ok()
}

/// Splits the arguments. Each ends with a zero; a process that has renamed itself may leave more zeros, or none.
fn command(cmdline: &[u8]) -> Vec<OsString> {
    let end = cmdline.iter().rposition(|byte| *byte != 0);
    let Some(end) = end else {
        return Vec::new();
    };
    let arguments = cmdline[..=end].split(|byte| *byte == 0);
    arguments
        .map(|argument| OsString::from_vec(argument.to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_told_apart_and_empty_ones_kept() {
        assert_eq!(command(b"a\0b c\0\0d\0"), ["a", "b c", "", "d"]);
        assert_eq!(command(b"sshd: listener\0\0\0"), ["sshd: listener"]);
        assert!(command(b"").is_empty() && command(b"\0\0").is_empty());
    }

    #[test]
    fn work_that_hangs_is_not_waited_for() {
        let (end, hanging) = mpsc::channel::<()>();
        let answer = within(Duration::from_millis(1), move || hanging.recv());
        assert_eq!(answer, None);
        drop(end);
        assert_eq!(within(Duration::from_secs(3600), || 7), Some(7));
    }

    #[test]
    fn this_process_is_shown() {
        let (command, _) = cmdline(std::process::id()).unwrap();
        assert_eq!(command, std::env::args_os().collect::<Vec<_>>());
    }
}
