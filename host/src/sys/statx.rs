//! statx(2) of Linux, by which the client of a share asks its server, and does not answer from a cache.

use std::os::fd::AsFd;

use rustix::{
    fs::{AtFlags, Statx, StatxFlags, makedev, statx},
    io::{Errno, Result},
    path::Arg,
};

/// Asks about a name in a directory, or with `AtFlags::EMPTY_PATH` about an open file. Returns `None` if there is no statx(2):
/// before Linux 4.11, and in sandboxes that do not know it. It needs no permission, so the kernel itself never refuses it by EPERM.
pub(crate) fn ask(file: impl AsFd, name: impl Arg, flags: AtFlags) -> Result<Option<Statx>> {
    let flags = flags | AtFlags::STATX_FORCE_SYNC;
    match statx(file, name, flags, StatxFlags::BASIC_STATS) {
        Err(Errno::NOSYS | Errno::PERM) => Ok(None),
        found => found.map(Some),
    }
}

/// Returns the device and the inode, as fstatat(2) does, so that files seen by either call can be compared.
pub(crate) fn id(found: &Statx) -> (u64, u64) {
    let device = makedev(found.stx_dev_major, found.stx_dev_minor);
    (device, found.stx_ino)
}
