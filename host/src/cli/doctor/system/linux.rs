//! What there is to be looked at on Linux.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use super::Finding;

/// Where processes are listed.
pub(super) const LIST: &str = "/proc";

/// Why this process may not be there.
pub(super) const NO_LIST: &str = "it is not mounted, or is another PID namespace's";

/// The number of a process that there always is.
pub(super) const FIRST: u32 = 1;

/// Whether a file can be kept from other users.
pub(super) fn privacy(path: &Path, file: &File) -> Finding {
    Finding::tried(
        "files can be made private to their user",
        &is_private(path, file),
    )
}

fn is_private(path: &Path, file: &File) -> Result<(), String> {
    let mode = || {
        file.set_permissions(Permissions::from_mode(0o600))?;
        Ok(fs::metadata(path)?.mode() & 0o777)
    };
    match mode() {
        Ok(0o600) => Ok(()),
        Ok(mode) => Err(format!(
            "its mode stays {mode:o}, so others may read or hold up locks"
        )),
        Err(error) => Err(io::Error::to_string(&error)),
    }
}
