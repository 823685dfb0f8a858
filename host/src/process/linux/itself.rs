//! The facts that this process knows of itself, each read in two ways: a fact with two different values is left out.
//!
//! Other processes also read the entry of this one, and compare it with what this one has put into a claim. An emulator
//! or a sandbox may give the process invented values at the usual path, while everything else sees the true ones. If
//! the two ways differ, other processes may not find the value. They would then judge a living owner as the process
//! that *had* the number. A fact that is left out equals nothing, and so proves no death.
//!
//! | fact | read at | and compared with | where they disagree |
//! | --- | --- | --- | --- |
//! | number | getpid(2) | `NSpid` in `/proc/self/status`, in full | the list is another PID namespace's: no start |
//! | start | `/proc/self/stat` | `/proc/self/task/PID/stat`, the same thread's | qemu-user makes up the first, also as `/proc/PID/stat`: no start |
//! | namespaces | `/proc/self/ns` | `/proc/thread-self/ns` | one is mounted over, the first thread has ended, or each look makes a number up (older gVisor): no namespace |
//! | boot | `random/boot_id` | the device of `/proc/self`, or a mount just there | proot, an emulator's own root and sysbox put another file there: no boot |
//!
//! A boot id with a mount of its own is accepted: systemd-nspawn and LXC put a new one there at each start, and all
//! processes in the container see that one. A process without privileges has no second way to the kernel's own.

use std::{fs, fs::File, io, os::unix::fs::MetadataExt};

use rustix::{
    fs::{AtFlags, StatxAttributes, StatxFlags, statx},
    process::getpid,
};

use super::{parse_stat, read_whole};
use crate::process::{identity::Identity, kill::shown};

/// Returns the identity of this process, as it is now.
///
/// # Errors
/// If the system lacks the descriptors or memory to answer: an incomplete identity would never be judged again. What
/// the system does not have, or does not show, is left out instead.
pub(crate) fn myself() -> io::Result<Identity> {
    let pid = getpid().as_raw_nonzero().get().unsigned_abs();
    let start = start(pid)?;
    let is_listed = shown(contents("/proc/self/status"))?.is_some_and(|it| is_ours(&it));
    let pid_namespace = Namespace::read("pid")?;
    let time_namespace = Namespace::read("time")?;
    Ok(Identity {
        pid,
        start: start.filter(|_| is_listed),
        time_namespace: match (time_namespace, pid_namespace) {
            (Namespace::Shown(number), _) => Some(number),
            // Kernels before 5.6, and some later ones, have one time for all.
            (Namespace::Missing, Namespace::Shown(_)) => Some(0),
            _ => None,
        },
        boot: boot()?,
        pid_namespace: pid_namespace.number(),
        evidence: None,
        session: None,
        attempt: 0,
    })
}

/// Returns whether proc(5) lists the processes of our own PID namespace, so that its numbers mean the same to us. If it
/// is mounted from another namespace, it shows us under another number, or under several: one for each namespace from
/// its own down to ours.
pub(crate) fn lists_our_processes() -> bool {
    contents("/proc/self/status").is_ok_and(|status| is_ours(&status))
}

fn is_ours(status: &[u8]) -> bool {
    // The command's name in there may contain any bytes.
    let status = String::from_utf8_lossy(status);
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.trim() == std::process::id().to_string())
}

/// Returns the start of this process. The kernel has one for each thread; the first thread's is the process'.
fn start(pid: u32) -> io::Result<Option<u64>> {
    let of = |path: &str| {
        let stat = shown(contents(path));
        stat.map(|stat| parse_stat(&stat?)?.start)
    };
    let process = of("/proc/self/stat")?;
    let thread = of(&format!("/proc/self/task/{pid}/stat"))?;
    Ok(agreed(process, thread))
}

/// Returns the value of both ways, if it is the same.
fn agreed<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.filter(|one| other.as_ref() == Some(one))
}

/// One of the namespaces(7) of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Namespace {
    /// Its number.
    Shown(u64),
    /// The kernel has none of this kind.
    Missing,
    /// It has one, and its values differ.
    Doubtful,
}

impl Namespace {
    fn read(kind: &str) -> io::Result<Self> {
        let process = Self::file(&format!("/proc/self/ns/{kind}"))?;
        let thread = Self::file(&format!("/proc/thread-self/ns/{kind}"))?;
        Ok(Self::compared(process, thread))
    }

    /// Compares two files, by the device and the number of each. An error is `Err`, with whether there is no such file.
    fn compared(process: Result<(u64, u64), bool>, thread: Result<(u64, u64), bool>) -> Self {
        match (process, thread) {
            (Ok(one), Ok(other)) if one == other => Self::Shown(one.1),
            (Err(true), Err(true)) => Self::Missing,
            _ => Self::Doubtful,
        }
    }

    fn file(path: &str) -> io::Result<Result<(u64, u64), bool>> {
        let file = fs::metadata(path);
        let is_missing = matches!(&file, Err(error) if error.kind() == io::ErrorKind::NotFound);
        let file = shown(file)?.ok_or(is_missing);
        Ok(file.map(|file| (file.dev(), file.ino())))
    }

    fn number(self) -> Option<u64> {
        match self {
            Self::Shown(number) => Some(number),
            Self::Missing | Self::Doubtful => None,
        }
    }
}

/// Returns the number of our PID namespace.
pub(super) fn pid_namespace() -> Option<u64> {
    Namespace::read("pid").ok()?.number()
}

/// Returns the run of this kernel: random(4).
fn boot() -> io::Result<Option<String>> {
    let Some(file) = shown(File::open("/proc/sys/kernel/random/boot_id"))? else {
        return Ok(None);
    };
    let is_believed = is_of_proc(&file)? || is_mounted_by_itself(&file);
    let text = shown(read_whole(&file))?.filter(|_| is_believed);
    let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
    Ok(Identity::boot_id(text.trim()))
}

/// Returns whether a file lies in the proc(5) that shows this process.
fn is_of_proc(file: &File) -> io::Result<bool> {
    let proc = shown(fs::metadata("/proc/self"))?.map(|it| it.dev());
    let device = shown(file.metadata())?.map(|it| it.dev());
    Ok(agreed(proc, device).is_some())
}

/// Returns whether a file itself was mounted, and not a directory above it; only Linux since 5.8 shows that.
fn is_mounted_by_itself(file: &File) -> bool {
    let root = StatxAttributes::MOUNT_ROOT;
    statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::TYPE)
        .is_ok_and(|it| (it.stx_attributes_mask & it.stx_attributes).contains(root))
}

fn contents(path: &str) -> io::Result<Vec<u8>> {
    read_whole(&File::open(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::platform::{Presence, entry, presence};

    #[test]
    fn this_process_is_identified() {
        let (me, again) = (myself().unwrap(), myself().unwrap());
        assert_eq!(me.pid, std::process::id());
        assert!(
            me.shares_pids_with(&again) && me.shares_ticks_with(&again),
            "{me}"
        );
        assert!(lists_our_processes());
        assert_eq!(presence(me.pid), Presence::Present);
        assert_eq!(entry(me.pid).and_then(|entry| entry.start), me.start);
    }

    #[test]
    fn a_fact_is_what_both_ways_say() {
        assert_eq!(agreed(Some(7), Some(7)), Some(7));
        for (one, other) in [(Some(7), Some(8)), (Some(7), None), (None, Some(7))] {
            assert_eq!(agreed(one, other), None);
        }
    }

    #[test]
    fn only_a_namespace_that_is_missing_both_ways_is_missing() {
        let (number, other) = (Ok((4, 7)), Ok((5, 7)));
        let (missing, hidden) = (Err(true), Err(false));
        let of = Namespace::compared;
        assert_eq!(of(number, number), Namespace::Shown(7));
        assert_eq!(of(missing, missing), Namespace::Missing);
        for (one, other) in [
            (number, other),
            (number, missing),
            (missing, number),
            (missing, hidden),
            (hidden, hidden),
        ] {
            assert_eq!(of(one, other), Namespace::Doubtful);
        }
    }

    #[test]
    fn a_file_of_another_file_system_is_no_boot_id() {
        let file = tempfile::tempfile().unwrap();
        assert!(!is_of_proc(&file).unwrap() && !is_mounted_by_itself(&file));
        assert!(is_of_proc(&File::open("/proc/version").unwrap()).unwrap());
    }
}
