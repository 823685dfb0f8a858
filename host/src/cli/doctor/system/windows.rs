//! What doctor can check on Windows.

use std::{fs::File, path::Path};

use super::finding::Finding;

/// Where processes are listed.
pub(super) const LIST: &str = "the system's list";

/// Why this process may be missing there.
pub(super) const NO_LIST: &str = "this process may not examine itself";

/// The pid of a process that always exists: the system's own.
pub(super) const FIRST: u32 = 4;

/// Reports who may read a file: files have no mode here.
pub(super) fn privacy(_path: &Path, _file: &File) -> Finding {
    Finding::fact("files have no mode: a file inherits the permissions of its directory")
}

/// What distinguishes owners of this machine from those of others, and why it may be missing.
pub(super) const BOOT: &str =
    "the installation's number distinguishes owners from those of other machines";
pub(super) const NO_BOOT: &str = "other machines may have the volume as well, or the registry shows no number, so owners are not judged";

/// Returns what locks guarantee that are judged by their owners' identities.
pub(super) fn claims(has_boot: bool) -> &'static str {
    if has_boot {
        "processes of this installation of Windows judge locks correctly, also after a reboot; an owner of another machine \
         or container counts as alive until a person breaks its lock"
    } else {
        "locks here exclude all processes, also those of other machines; an owner counts as alive until a person breaks \
         its lock"
    }
}

/// Why the system's locks on files are not relied upon.
pub(super) const NO_EVIDENCE: &str =
    "the system's locks are not relied upon: no process could read a file that has one";
