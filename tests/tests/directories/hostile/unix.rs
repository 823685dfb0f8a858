//! What POSIX has of odd files and names.

use std::{
    ffi::OsString,
    io,
    os::unix::{self, ffi::OsStringExt},
    path::Path,
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

/// A symbolic link.
pub(crate) fn symlink(target: &str, path: &Path) -> io::Result<()> {
    unix::fs::symlink(target, path)
}

/// A named pipe.
pub(crate) fn fifo(path: &Path) -> io::Result<()> {
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0)?)
}

/// A name of any bytes.
pub(crate) fn name_of(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}
