//! What every Unix tells about files.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use rustix::{
    fs::{Access, AtFlags, CWD, Mode, OFlags, open, openat},
    io::Errno,
};

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

/// Files have a mode that says which users may read them.
pub(crate) const HAS_MODES: bool = true;

/// Gives a file a mode, whatever the umask is.
pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))
}

/// Whether a file has this mode.
pub(crate) fn has_mode(file: &File, mode: u32) -> io::Result<bool> {
    Ok(file.metadata()?.mode() & 0o7777 == mode)
}

/// Whether this process may not read a file, for want of the permission.
pub(crate) fn may_not_read(path: &Path) -> bool {
    let may = rustix::fs::accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS);
    may == Err(Errno::ACCESS)
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
