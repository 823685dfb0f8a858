//! What there is to be looked at on Windows.

use std::{fs::File, path::Path};

use super::finding::Finding;

/// Where processes are listed.
pub(super) const LIST: &str = "the system's list";

/// Why this process may not be there.
pub(super) const NO_LIST: &str = "this process may not look at itself";

/// The number of a process that there always is: the system's own.
pub(super) const FIRST: u32 = 4;

/// Whether a file can be kept from other users.
pub(super) fn privacy(_path: &Path, _file: &File) -> Finding {
    Finding::fact("files have no mode: who may read one is what its directory hands down")
}

/// What tells owners of this machine from those of others, and why there may be none of it.
pub(super) const BOOT: &str =
    "owners can be told from those of other machines, by the installation's number";
pub(super) const NO_BOOT: &str = "other machines may have the volume as well, or the registry shows no number, so owners are not judged";

/// What locks are worth that are judged by their owners' identities.
pub(super) fn claims(has_boot: bool) -> &'static str {
    if has_boot {
        "locks here are judged right among the processes of this installation of Windows, also after a reboot; an owner of \
         another machine or container counts as alive until a person says otherwise"
    } else {
        "locks here keep processes apart, also those of other machines; an owner counts as alive until a person says \
         otherwise"
    }
}

/// Why the system's locks on files are not relied upon.
pub(super) const NO_EVIDENCE: &str =
    "the system's locks are not relied upon: nobody could read a file that has one";
