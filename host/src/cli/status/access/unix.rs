//! The permissions that keep this user from taking a lock, as far as they can be seen without trying.

use std::{
    fs,
    io::{Error, ErrorKind},
    os::unix::fs::MetadataExt,
    path::Path,
};

use rustix::{
    fs::{Access, AtFlags, CWD, accessat},
    io::Errno,
    process::geteuid,
};

/// The bit of a directory's mode that keeps its users from each other's files.
const STICKY: u32 = 0o1000;

/// Returns why this process may make no file in a directory; `None` if it may, as far as the system shows it.
pub(super) fn denial(directory: &Path) -> Option<Error> {
    let access = Access::WRITE_OK | Access::EXEC_OK;
    match accessat(CWD, directory, access, AtFlags::EACCESS) {
        // If the system cannot answer, nothing is known.
        Ok(()) | Err(Errno::NOSYS | Errno::INVAL) => None,
        Err(error) => Some(error.into()),
    }
}

/// Does the same for a file that has to be removed first: in a directory with the sticky bit, other users' files stay.
pub(super) fn denial_of_removal(file: &Path, directory: &Path) -> Option<Error> {
    if let Some(error) = denial(directory) {
        return Some(error);
    }
    let user = geteuid();
    let (file, directory) = (
        fs::symlink_metadata(file).ok()?,
        fs::metadata(directory).ok()?,
    );
    let may = user.is_root() || [file.uid(), directory.uid()].contains(&user.as_raw());
    (directory.mode() & STICKY != 0 && !may).then(|| {
        let user = file.uid();
        let why = format!("the file belongs to user {user}, and the directory has the sticky bit");
        Error::new(ErrorKind::PermissionDenied, why)
    })
}
