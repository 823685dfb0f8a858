//! What there is to be looked at on Windows.

use std::{fs::File, path::Path};

use super::Finding;

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
