//! Checks of a file that is to be guarded.

use std::{fs::File, io, os::unix::fs::MetadataExt};

use rustix::{
    fs::{OFlags, fcntl_getfl},
    process::geteuid,
};

use super::Claim;

/// The bits of a file's mode that are not its type.
const MODE: u32 = 0o7777;

/// The mode with which a claim is created.
const PRIVATE: u32 = 0o600;

/// The bits that a claim may have that was created without a mode: these, without those of the umask.
const MADE: u32 = 0o666;

/// Checks whether a file can be a claim that was just made. File systems that are not `known` may invent modes and
/// owners (`uid=` and `fmask=`, as for FAT and FUSE), so there only the other facts count.
///
/// # Errors
/// If the file cannot be examined.
pub(super) fn look(file: &File, known: bool) -> io::Result<Claim> {
    let seen = file.metadata()?;
    let mode = seen.mode() & MODE;
    let flaw = if !seen.is_file() {
        "it is no regular file"
    } else if seen.len() > 0 {
        "it is not empty"
    } else if seen.nlink() > 1 {
        "it has further names"
    } else if known && seen.nlink() == 0 {
        return Ok(Claim::Gone);
    } else if known && seen.uid() != geteuid().as_raw() {
        "it belongs to another user"
    } else if known && mode & !MADE != 0 {
        "its mode is not that of a new file"
    } else {
        return Ok(Claim::New {
            private: mode == PRIVATE,
        });
    };
    Ok(Claim::Not(flaw))
}

/// Returns whether a file is open for reading and writing.
pub(super) fn is_open_for_both(file: &File) -> bool {
    fcntl_getfl(file).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR)
}
