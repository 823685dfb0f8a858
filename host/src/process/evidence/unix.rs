//! What a file shows of itself that is to be guarded.

use std::{fs::File, io, os::unix::fs::MetadataExt};

use rustix::{
    fs::{OFlags, fcntl_getfl},
    process::geteuid,
};

use super::Claim;

/// The bits of a file's mode that are not its type.
const MODE: u32 = 0o7777;

/// The mode that a claim is asked for with.
const PRIVATE: u32 = 0o600;

/// The bits that a claim may have which was made without a mode: this, without those of the umask.
const MADE: u32 = 0o666;

/// Looks whether a file can be a claim that was just made. On file systems that are not `known`, modes and owners may be
/// made up (`uid=` and `fmask=`, as of FAT and FUSE), so they count on the others alone.
///
/// # Errors
/// If the file cannot be looked at.
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

/// Whether a file is open for reading and writing.
pub(super) fn is_open_for_both(file: &File) -> bool {
    fcntl_getfl(file).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR)
}
