//! What macOS tells about processes and files: sysctl(3), kill(2), fstatfs(2). What its answers mean is in
//! [`kinfo`], which is tested everywhere.

use std::{fs::File, io, path::Path};

use rustix::fs::fstatfs;

use super::{
    identity::Identity, kill::shown, kinfo, liveness::UnknownReason, number::Number, unix,
};

mod sysctl;

pub(crate) use super::{
    absent::{is_kept_by_any, keepers, lists_our_processes},
    entry::{Presence, Seen},
    kill::{cmdline, presence},
    kinfo::Entry,
    unix::{
        HAS_MODES, effective_user, file_id, has_mode, is_sticky, may_not_read, owner_of, set_mode,
    },
};

/// The entry of a number, if the system shows it to us.
pub(crate) fn entry(pid: u32) -> Option<Entry> {
    ask(pid).ok()?
}

/// By sysctl(3), which tells everybody of everybody's processes, and of those that have ended. proc_pidinfo(2) tells when
/// a process was made only if it is of the same user (`EPERM`), and of the others has a short form without it: a number
/// that is another user's process by now would be alive for ever.
fn ask(pid: u32) -> io::Result<Option<Entry>> {
    let Ok(number) = i32::try_from(pid) else {
        return Ok(None);
    };
    let answer = shown(sysctl::process(number))?;
    Ok(answer.and_then(|answer| kinfo::parse(&answer, pid)))
}

/// The asking process, as it is now.
///
/// # Errors
/// If the system has no room to answer: an identity that says less than it could would never be judged again. What it
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

/// What can be seen of a number. Threads have numbers of another kind.
pub(crate) fn state(pid: u32) -> Option<Seen> {
    entry(pid).map(|entry| Seen {
        ended: entry.ended,
        thread: false,
    })
}

/// This process' number, and when it was made: numbers come back after some 100,000 processes, and then a child of a child
/// may have that of an ancestor.
pub(crate) fn number() -> Number {
    let pid = std::process::id();
    (pid, entry(pid).and_then(|entry| entry.start))
}

/// The type of the file system that a file lies on, if that is on the list.
///
/// # Errors
/// If the type cannot be told. Then nothing may be concluded from it, least of all that locks mean nothing.
pub(crate) fn evidence_kind(file: &File) -> io::Result<Option<u64>> {
    Ok(kinfo::kind(&type_of(file)?))
}

/// The type's name, and what stands behind it to the end of its place.
fn type_of(file: &File) -> io::Result<[u8; 16]> {
    Ok(fstatfs(file)?.f_fstypename.map(i8::cast_unsigned))
}

/// Opens a directory to be handed to the component.
///
/// # Errors
/// If there is none, or no lock can be kept there: nothing is left behind then.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    fit_for_locks(unix::open_directory(path)?)
}

/// The same, by a path from another directory.
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

/// Whether whoever waits for a file is told of everything that ends the wait: not when somebody who has it locked closes
/// it. And nobody has seen yet that all the rest is told.
pub(crate) fn is_local(_file: &Path) -> bool {
    false
}

/// Why the owners of a file cannot be looked for from here, whoever they are; they always can.
pub(crate) fn blindness(_file: &File) -> Option<UnknownReason> {
    None
}
