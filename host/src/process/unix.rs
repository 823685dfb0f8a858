//! Facts about files on every Unix.

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

/// The bit of a directory's mode that protects its users' files from each other.
const STICKY: u32 = 0o1000;

/// Returns the device and the inode of an open file.
pub(crate) fn file_id(file: &File) -> Option<(u64, u64)> {
    let metadata = file.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Returns the number of the user that owns a file, or the symbolic link itself.
pub(crate) fn owner_of(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|file| file.uid())
}

/// Returns the number of this process' effective user.
pub(crate) fn effective_user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// Returns whether only their own user, the directory's, and root may remove the files in a directory.
pub(crate) fn is_sticky(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|directory| directory.mode() & STICKY != 0)
}

/// Files have a mode that controls which users may read them.
pub(crate) const HAS_MODES: bool = true;

/// Gives a file a mode, whatever the umask is.
pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))
}

/// Returns whether a file has this mode.
pub(crate) fn has_mode(file: &File, mode: u32) -> io::Result<bool> {
    Ok(file.metadata()?.mode() & 0o7777 == mode)
}

/// Returns whether this process lacks the permission to read a file.
pub(crate) fn may_not_read(path: &Path) -> bool {
    let may = rustix::fs::accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS);
    may == Err(Errno::ACCESS)
}

/// Opens a directory to be handed to the component. Nothing is read from it, but it has to be readable: only Linux can
/// open one that is not (`O_PATH`).
#[cfg_attr(processes = "linux", allow(dead_code, reason = "it has its own"))]
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(open(path, flags, Mode::empty())?.into())
}

/// Opens a directory as [`open_directory`] does, by a path from another directory.
#[cfg_attr(processes = "linux", allow(dead_code, reason = "it has its own"))]
pub(crate) fn open_directory_at(base: &File, path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(base, path, flags, Mode::empty())?.into())
}
