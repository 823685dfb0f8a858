//! What every Unix tells about files.

use std::{fs, fs::File, io, os::unix::fs::MetadataExt, path::Path};

use rustix::fs::{Mode, OFlags, open, openat};

/// The bit of a directory's mode that keeps its users from each other's files.
const STICKY: u32 = 0o1000;

/// The device and the inode of an open file.
pub(crate) fn file_id(file: &File) -> Option<(u64, u64)> {
    let metadata = file.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// The number of the user that a file belongs to; a symbolic link's own.
pub(crate) fn owner_of(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|file| file.uid())
}

/// The number of the user as whom this process acts.
pub(crate) fn effective_user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// Whether files in a directory may be removed by their own user, the directory's, and root alone.
pub(crate) fn is_sticky(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|directory| directory.mode() & STICKY != 0)
}

/// Makes a file private to its user.
pub(crate) fn make_private(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fchmod(file, Mode::RUSR | Mode::WUSR)?)
}

/// Opens a directory to be handed to the component. Nothing is read from it so, but it has to be readable: what Linux has
/// for one that is not (`O_PATH`), others do not.
#[cfg_attr(processes = "linux", allow(dead_code, reason = "it has its own"))]
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(open(path, flags, Mode::empty())?.into())
}

/// The same, by a path from another directory.
#[cfg_attr(processes = "linux", allow(dead_code, reason = "it has its own"))]
pub(crate) fn open_directory_at(base: &File, path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(base, path, flags, Mode::empty())?.into())
}
