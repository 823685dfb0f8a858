//! The access of other users to a file, as its mode grants it.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use crate::cli::doctor::finding::Finding;

/// Checks whether a file can be kept from other users.
pub(in super::super) fn privacy(path: &Path, file: &File) -> Finding {
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
            "its mode stays {mode:o}, so other users may read or delay locks"
        )),
        Err(error) => Err(io::Error::to_string(&error)),
    }
}
