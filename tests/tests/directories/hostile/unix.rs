//! Odd files and names on POSIX.

use std::{
    ffi::OsString,
    io,
    os::unix::{self, ffi::OsStringExt},
    path::Path,
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

/// Makes a symbolic link.
pub(crate) fn symlink(target: &str, path: &Path) -> io::Result<()> {
    unix::fs::symlink(target, path)
}

/// Makes a named pipe.
pub(crate) fn fifo(path: &Path) -> io::Result<()> {
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0)?)
}

/// Returns a name of any bytes.
pub(crate) fn name_of(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}
