//! The number of an open file: the server of a share is asked for it, and not the client's cache.

use std::fs::File;

use rustix::{
    fs::{AtFlags, fstat},
    io::Result,
};

use crate::{sys::statx, wasi::stat};

/// Returns the device and the inode. fstat(2) may return those that a client has cached.
pub(super) fn ask(file: &File) -> Result<(u64, u64)> {
    match statx::ask(file, c"", AtFlags::EMPTY_PATH)? {
        Some(found) => Ok(statx::id(&found)),
        None => fstat(file).map(|found| stat::id(&found)),
    }
}
