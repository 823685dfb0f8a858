//! A Unix on which processes are not looked at: nobody is ever taken for dead but by a person.

use std::{ffi::OsString, fs::File, io, path::Path};

pub(crate) use super::unix::{
    HAS_MODES, effective_user, file_id, has_mode, is_sticky, may_not_read, open_directory,
    open_directory_at, owner_of, set_mode,
};
use super::{Number, identity::Identity};
use crate::{bindings::process::UnknownReason, holder::Keeper};

/// A process in the system's list; there is none to be had here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its start.
    pub(crate) start: Option<u64>,
    /// It has ended.
    pub(crate) ended: bool,
    /// How many threads it has.
    pub(crate) threads: u64,
}

/// Whether a number is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Nothing has it.
    #[allow(dead_code, reason = "this platform can never say so")]
    Absent,
    /// Something has it, or may.
    Present,
}

/// Nobody can say.
pub(crate) fn presence(_pid: u32) -> Presence {
    Presence::Present
}

/// There is none.
pub(crate) fn entry(_pid: u32) -> Option<Entry> {
    None
}

/// A process seen from outside; none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// It has ended.
    pub(crate) ended: bool,
    /// The number is a thread's.
    pub(crate) thread: bool,
}

/// Nothing is to be seen.
pub(crate) fn look(_pid: u32) -> Option<Seen> {
    None
}

/// No process is shown.
pub(crate) fn seen(_pid: u32) -> Option<(Vec<OsString>, Option<u32>)> {
    None
}

/// Only the number is known.
pub(crate) fn myself() -> io::Result<Identity> {
    Ok(Identity {
        pid: std::process::id(),
        ..Identity::default()
    })
}

/// The system's list is the only one.
pub(crate) fn lists_our_processes() -> bool {
    true
}

/// This process' number.
pub(crate) fn number() -> Number {
    (std::process::id(), None)
}

/// No file system is known here.
pub(crate) fn evidence_kind(_file: &File) -> io::Result<Option<u64>> {
    Ok(None)
}

/// No file system is known here.
pub(crate) fn is_local(_file: &Path) -> bool {
    false
}

/// None can be seen.
pub(crate) fn keepers(_path: &Path) -> Vec<Keeper> {
    Vec::new()
}

/// None can be seen.
pub(crate) fn is_kept_by_any(_path: &Path, _pids: &[u32]) -> bool {
    false
}

/// Nobody can.
pub(crate) fn blindness(_file: &File) -> Option<UnknownReason> {
    Some(UnknownReason::NoAnswer)
}
