//! What Linux reports about a file, by statx(2) or, where that is refused, by fstatat(2). The client of a share asks its server,
//! and does not answer from a cache (`AT_STATX_FORCE_SYNC`).

use std::fs::File;

use lockhost_machine::{call::FileId, facts::Datetime};
use rustix::{
    fs::{AtFlags, FileType, Statx, StatxFlags, fstat, makedev, statat, statx},
    io::{Errno, Result},
};

use super::{Seen, kind_of, stat};

pub(super) fn look(file: &File) -> Result<Seen> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_FORCE_SYNC;
    match statx(file, c"", flags, StatxFlags::BASIC_STATS) {
        Err(error) if is_missing(error) => fstat(file).map(stat::seen),
        found => found.map(seen),
    }
}

pub(super) fn look_at(dir: &File, name: &str) -> Result<Seen> {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    let asked = flags | AtFlags::STATX_FORCE_SYNC;
    match statx(dir, name, asked, StatxFlags::BASIC_STATS) {
        Err(error) if is_missing(error) => statat(dir, name, flags).map(stat::seen),
        found => found.map(seen),
    }
}

/// Returns whether there is no statx(2): before Linux 4.11, and in sandboxes that do not know it. It needs no permission,
/// so the kernel itself never refuses it by this error.
fn is_missing(error: Errno) -> bool {
    matches!(error, Errno::NOSYS | Errno::PERM)
}

fn seen(seen: Statx) -> Seen {
    // As fstatat(2) returns it, so that files seen by either call can be compared.
    let device = makedev(seen.stx_dev_major, seen.stx_dev_minor);
    let modified = seen.stx_mtime;
    Seen {
        id: FileId(device, seen.stx_ino),
        kind: kind_of(FileType::from_raw_mode(seen.stx_mode.into())),
        size: seen.stx_size,
        links: seen.stx_nlink.into(),
        // WASI counts from 1970.
        modified: u64::try_from(modified.tv_sec).ok().map(|seconds| Datetime {
            seconds,
            nanoseconds: modified.tv_nsec,
        }),
    }
}
