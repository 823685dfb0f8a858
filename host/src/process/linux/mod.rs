//! Facts about processes on Linux: proc(5), namespaces(7), statfs(2).

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use rustix::fs::{Mode, OFlags};

use super::{liveness::UnknownReason, number::Number};

#[cfg(feature = "component")]
pub(crate) mod by_sysinfo;
mod file_systems;
mod fork_mark;
mod itself;
mod keepers;
mod proc_cmdline;
#[cfg(any(not(feature = "component"), test))]
mod proc_state;

#[cfg(feature = "component")]
pub(crate) use by_sysinfo::state;
pub(crate) use file_systems::evidence_kind;
pub(crate) use itself::{lists_our_processes, myself};
pub(crate) use keepers::{is_kept_by_any, keepers};
pub(crate) use proc_cmdline::cmdline;
#[cfg(not(feature = "component"))]
pub(crate) use proc_state::state;

pub(crate) use super::{
    entry::Presence,
    kill::presence,
    unix::{
        HAS_MODES, effective_user, file_id, has_mode, is_sticky, may_not_read, owner_of, set_mode,
    },
};

/// A process in the kernel's list, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pid: u32,
    /// The number of its parent; 0 where that is outside of the PID namespace, and for the first process.
    pub(crate) parent: u32,
    /// When it started, in clock ticks since the boot of its time namespace. `None` where that is 0: no process is as
    /// old as its kernel, so a kernel that shows 0 does not know.
    pub(crate) start: Option<u64>,
    /// It has ended, and waits to be reaped or is being reaped.
    pub(crate) ended: bool,
    /// How many threads it has. A leader that ended before its threads is in state Z like any zombie, and still counts
    /// them here.
    pub(crate) threads: u64,
}

/// Returns the entry of a number, if proc(5) shows it to us.
pub(crate) fn entry(pid: u32) -> Option<Entry> {
    let stat = File::open(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(&read_whole(&stat).ok()?)
}

/// Reads a file of proc(5), which has no size: mostly in one piece, and with one more read for the end.
fn read_whole(file: &File) -> io::Result<Vec<u8>> {
    let mut contents = Vec::with_capacity(2048);
    // Not by the file itself, which would be asked for its size.
    file.take(u64::MAX).read_to_end(&mut contents)?;
    Ok(contents)
}

/// Returns this process' number, and its mark; without marks, its PID namespace.
pub(crate) fn number() -> Number {
    match fork_mark::mark() {
        Some((pid, mark)) => (pid, Some(mark)),
        None => (std::process::id(), itself::pid_namespace()),
    }
}

/// Reads an entry. The command's name in the second field may contain any bytes, parentheses and spaces too. So the
/// fields are counted from its end, the last closing parenthesis.
fn parse_stat(stat: &[u8]) -> Option<Entry> {
    let text = String::from_utf8_lossy(stat);
    let pid = text.split(' ').next()?.parse().ok()?;
    let fields: Vec<&str> = text
        .get(text.rfind(')')? + 1..)?
        .split_ascii_whitespace()
        .collect();
    Some(Entry {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        start: Some(fields.get(19)?.parse().ok()?).filter(|start| *start != 0),
        ended: matches!(*fields.first()?, "Z" | "X" | "x"),
        threads: fields.get(17)?.parse().ok()?,
    })
}

/// Returns whether a file lies where only this kernel changes it: where it can keep evidence.
pub(crate) fn is_local(file: &Path) -> bool {
    let directory = file.parent().map(open_directory);
    directory.is_some_and(|it| {
        it.and_then(|it| evidence_kind(&it))
            .is_ok_and(|kind| kind.is_some())
    })
}

/// Returns why the owners of a file cannot be judged from here: `None`, since they always can.
pub(crate) fn blindness(_file: &File) -> Option<UnknownReason> {
    None
}

/// Opens a directory to be handed to the component. It need not be readable for that, only searchable.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

/// Opens a directory as [`open_directory`] does, by a path from another directory.
pub(crate) fn open_directory_at(base: &File, path: &Path) -> io::Result<File> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(base, path, flags, Mode::empty())?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_cannot_forge_its_entry() {
        let stat = b"42 (a) Z 1 (b)) S 9 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 987654 1 2";
        let entry = parse_stat(stat).unwrap();
        assert_eq!(
            (entry.pid, entry.start, entry.ended, entry.threads),
            (42, Some(987_654), false, 3)
        );
        assert_eq!(entry.parent, 9);
    }

    #[test]
    fn a_start_of_zero_is_none() {
        let stat = b"42 (a) S 1 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 0 1 2";
        assert_eq!(parse_stat(stat).unwrap().start, None);
    }

    #[test]
    fn a_broken_entry_is_none() {
        for stat in [
            &b""[..],
            b"42",
            b"42 (a",
            b"42 (a)",
            b"42 (a) S 1 2 3",
            b"x (a) S",
        ] {
            assert_eq!(parse_stat(stat), None);
        }
    }
}
