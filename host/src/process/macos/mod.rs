//! Facts about processes and files on macOS: sysctl(3), kill(2), fstatfs(2). [`kinfo`], which is tested everywhere,
//! interprets the answers.

use std::{fs::File, io, path::Path};

use rustix::fs::fstatfs;

use super::{
    identity::Identity, kill::shown, kinfo, liveness::UnknownReason, number::Number, unix,
};

mod sysctl;

pub(crate) use super::{
    absent::{is_kept_by_any, keepers, lists_our_processes},
    cmdline::cmdline,
    entry::{Presence, Seen},
    kill::presence,
    kinfo::Entry,
    unix::{
        HAS_MODES, effective_user, file_id, has_mode, is_sticky, may_not_read, owner_of, set_mode,
    },
};

/// Returns the entry of a number, if the system shows it to us.
pub(crate) fn entry(pid: u32) -> Option<Entry> {
    ask(pid).ok()?
}

/// Reads an entry by sysctl(3), which shows every process to every user, also those that have ended. proc_pidinfo(2)
/// reports when a process was made only to its own user (`EPERM`), and otherwise has a short form without it. Then a
/// number that belongs to another user's process by now would be alive for ever.
fn ask(pid: u32) -> io::Result<Option<Entry>> {
    let Ok(number) = i32::try_from(pid) else {
        return Ok(None);
    };
    let answer = shown(sysctl::process(number))?;
    Ok(answer.and_then(|answer| kinfo::parse(&answer, pid)))
}

/// Returns the identity of this process, as it is now.
///
/// # Errors
/// If the system lacks the resources to answer: an incomplete identity would never be judged again. What the system
/// does not show is left out instead.
pub(crate) fn myself() -> io::Result<Identity> {
    let pid = std::process::id();
    Ok(Identity {
        pid,
        start: ask(pid)?.and_then(|entry| entry.start),
        time_namespace: Some(0),
        boot: shown(sysctl::boot())?.and_then(|text| kinfo::boot(&text)),
        pid_namespace: Some(0),
        ..Identity::default()
    })
}

/// Returns what can be seen of a number. Threads have numbers of another kind.
pub(crate) fn state(pid: u32) -> Option<Seen> {
    entry(pid).map(|entry| Seen {
        ended: entry.ended,
        thread: false,
    })
}

/// Returns this process' number, and when it was made. Numbers are reused after some 100,000 processes, and then a
/// child of a child may have the number of an ancestor.
pub(crate) fn number() -> Number {
    let pid = std::process::id();
    (pid, entry(pid).and_then(|entry| entry.start))
}

/// Returns the type of the file system that a file lies on, if that is on the list.
///
/// # Errors
/// If the type cannot be read. Then nothing may be concluded from it, least of all that locks prove nothing.
pub(crate) fn evidence_kind(file: &File) -> io::Result<Option<u64>> {
    Ok(kinfo::kind(&type_of(file)?))
}

/// Returns the type's name, and the bytes behind it up to the end of the field.
fn type_of(file: &File) -> io::Result<[u8; 16]> {
    Ok(fstatfs(file)?.f_fstypename.map(i8::cast_unsigned))
}

/// Opens a directory to be handed to the component.
///
/// # Errors
/// If there is none, or no lock can be kept there: then no file is left behind.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    fit_for_locks(unix::open_directory(path)?)
}

/// Opens a directory as [`open_directory`] does, by a path from another directory.
pub(crate) fn open_directory_at(base: &File, path: &Path) -> io::Result<File> {
    fit_for_locks(unix::open_directory_at(base, path)?)
}

fn fit_for_locks(directory: File) -> io::Result<File> {
    let kind = type_of(&directory)?;
    kinfo::renumbers(&kind).map_or(Ok(directory), |kind| {
        let text = format!(
            "no lock can be kept on {kind}, which gives a file another number when it is written to"
        );
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    })
}

/// Returns whether a waiter is notified of everything that ends its wait: not here. The system does not report that a
/// process closes a file which it keeps locked. Whether it reports everything else has not been shown.
pub(crate) fn is_local(_file: &Path) -> bool {
    false
}

/// Returns why the owners of a file cannot be judged from here: `None`, since they always can.
pub(crate) fn blindness(_file: &File) -> Option<UnknownReason> {
    None
}
