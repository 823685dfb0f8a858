//! The number of an open file: the server of a share is asked for it, and not the client's cache.

use std::fs::File;

use rustix::{
    fs::{AtFlags, StatxFlags, fstat, makedev, statx},
    io::{Errno, Result},
};

use crate::wasi::stat;

/// Returns the device and the inode. fstat(2) may return those that a client has cached (statx(2), `AT_STATX_FORCE_SYNC`).
pub(super) fn ask(file: &File) -> Result<(u64, u64)> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_FORCE_SYNC;
    match statx(file, c"", flags, StatxFlags::BASIC_STATS) {
        // There is no statx(2): before Linux 4.11, and in sandboxes that do not know it.
        Err(Errno::NOSYS | Errno::PERM) => fstat(file).map(|found| stat::id(&found)),
        found => found.map(|found| {
            let device = makedev(found.stx_dev_major, found.stx_dev_minor);
            (device, found.stx_ino)
        }),
    }
}
