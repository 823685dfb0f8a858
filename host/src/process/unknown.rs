//! A Unix on which processes are not looked at: nobody is ever taken for dead but by a person.

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

/// Nobody can say.
pub(crate) fn presence(_pid: u32) -> Presence {
    Presence::Present
}

/// There is none.
pub(crate) fn entry(_pid: u32) -> Option<Entry> {
    None
}

/// Nothing is to be seen.
pub(crate) fn state(_pid: u32) -> Option<Seen> {
    None
}

/// No process is shown.
pub(crate) fn cmdline(_pid: u32) -> Option<(Vec<OsString>, Option<u32>)> {
    None
}

/// Only the number is known.
pub(crate) fn myself() -> io::Result<Identity> {
    Ok(Identity {
        pid: std::process::id(),
        ..Identity::default()
    })
}

/// No file system is known here.
pub(crate) fn is_local(_file: &Path) -> bool {
    false
}

/// Nobody can.
pub(crate) fn blindness(_file: &File) -> Option<UnknownReason> {
    Some(UnknownReason::NoAnswer)
}
