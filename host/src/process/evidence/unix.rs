//! Checks of a file that is to be guarded.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::MetadataExt,
};

use rustix::{
    fs::{OFlags, fcntl_getfl},
    process::geteuid,
};

use super::{Claim, FileId};

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
    Ok(match judge(&seen, known) {
        Claim::New { .. } if known && seen.uid() != geteuid().as_raw() => {
            Claim::Not("it belongs to another user")
        }
        claim => claim,
    })
}

/// Checks a file that this process has made itself, and returns its device and inode as well.
///
/// # Errors
/// If the file cannot be examined.
pub(super) fn look_new(file: &File, known: bool) -> io::Result<(Claim, FileId)> {
    let seen = file.metadata()?;
    Ok((judge(&seen, known), (seen.dev(), seen.ino())))
}

/// Judges a file by all that does not concern its user.
fn judge(seen: &Metadata, known: bool) -> Claim {
    let mode = seen.mode() & MODE;
    if !seen.is_file() {
        Claim::Not("it is no regular file")
    } else if seen.len() > 0 {
        Claim::Not("it is not empty")
    } else if seen.nlink() > 1 {
        Claim::Not("it has further names")
    } else if known && seen.nlink() == 0 {
        Claim::Gone
    } else if known && mode & !MADE != 0 {
        Claim::Not("its mode is not that of a new file")
    } else {
        Claim::New {
            private: mode == PRIVATE,
        }
    }
}

/// Returns whether a file is open for reading and writing.
pub(super) fn is_open_for_both(file: &File) -> bool {
    fcntl_getfl(file).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR)
}
