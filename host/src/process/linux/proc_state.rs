//! The state of a process by proc(5): whether it has ended, and whether the number is a thread's. The facts are those that
//! `sysinfo` reads, from the same two files.

use std::fs::File;

use super::{entry, read_whole};
use crate::process::entry::Seen;

/// Examines one number, and reads only what is needed. Returns `None` if nothing is shown.
pub(crate) fn state(pid: u32) -> Option<Seen> {
    let entry = entry(pid)?;
    Some(Seen {
        ended: entry.ended,
        thread: group_of(pid).is_some_and(|leader| leader != pid),
    })
}

/// Returns the number of the process that a thread belongs to.
fn group_of(pid: u32) -> Option<u32> {
    let status = File::open(format!("/proc/{pid}/status")).ok()?;
    // The command's name in there may contain any bytes, and no end of a line: the kernel escapes that.
    let status = String::from_utf8_lossy(&read_whole(&status).ok()?).into_owned();
    let number = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    number.trim().parse().ok()
}

#[cfg(all(test, feature = "component"))]
mod tests {
    use std::{fs, process::Command, thread};

    use super::*;
    use crate::process::platform::by_sysinfo;

    #[test]
    fn the_state_is_what_sysinfo_shows() {
        let mut ended = Command::new("true").spawn().unwrap();
        while !state(ended.id()).is_some_and(|it| it.ended) {
            thread::yield_now();
        }
        let of_a_thread = || {
            let itself = fs::read_link("/proc/thread-self").unwrap();
            let number = itself.file_name().unwrap().to_str().unwrap();
            let number = number.parse().unwrap();
            (state(number), by_sysinfo::state(number))
        };
        let (thread, by_sysinfo) = thread::spawn(of_a_thread).join().unwrap();
        assert_eq!(thread, by_sysinfo);
        assert!(thread.is_some_and(|it| it.thread && !it.ended));
        // This process, the first one, a kernel's thread, one that has ended, and none.
        for number in [std::process::id(), 1, 2, ended.id(), 999_999_999] {
            assert_eq!(state(number), by_sysinfo::state(number), "{number}");
        }
        ended.wait().unwrap();
    }
}
