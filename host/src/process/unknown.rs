//! Processes on a Unix where they cannot be examined: no owner counts as dead unless a person declares it.

use std::{ffi::OsString, fs::File, io, path::Path};

pub(crate) use super::{
    absent::{evidence_kind, is_kept_by_any, keepers, lists_our_processes, number},
    entry::{Entry, Presence, Seen},
    unix::{
        HAS_MODES, effective_user, file_id, has_mode, is_sticky, may_not_read, open_directory,
        open_directory_at, owner_of, set_mode,
    },
};
use super::{identity::Identity, liveness::UnknownReason};

/// Returns `Present`: it cannot be known.
pub(crate) fn presence(_pid: u32) -> Presence {
    Presence::Present
}

/// Returns `None`: the system shows no entry.
pub(crate) fn entry(_pid: u32) -> Option<Entry> {
    None
}

/// Returns `None`: the system shows nothing.
pub(crate) fn state(_pid: u32) -> Option<Seen> {
    None
}

/// Returns `None`: the system shows no process.
pub(crate) fn cmdline(_pid: u32) -> Option<(Vec<OsString>, Option<u32>)> {
    None
}

/// Returns the identity of this process: only its number is known.
pub(crate) fn myself() -> io::Result<Identity> {
    Ok(Identity {
        pid: std::process::id(),
        ..Identity::default()
    })
}

/// Returns `false`: no file system is known here.
pub(crate) fn is_local(_file: &Path) -> bool {
    false
}

/// Returns `NoAnswer`: owners cannot be judged.
pub(crate) fn blindness(_file: &File) -> Option<UnknownReason> {
    Some(UnknownReason::NoAnswer)
}
