//! Odd files and names on Windows.

use std::{ffi::OsString, io, os::windows, path::Path};

/// Makes a symbolic link, where that is allowed.
pub(crate) fn symlink(target: &str, path: &Path) -> io::Result<()> {
    windows::fs::symlink_file(target, path)
}

/// Fails: directories contain no named pipes.
pub(crate) fn fifo(_path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns a name of any characters that do not lead to another directory, or to another stream of the same file.
pub(crate) fn name_of(mut bytes: Vec<u8>) -> OsString {
    bytes.retain(|byte| !matches!(byte, b'\\' | b':'));
    String::from_utf8_lossy(&bytes).into_owned().into()
}
