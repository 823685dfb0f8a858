//! What Linux reports about a file, by statx(2), and a name for an open file.

use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd},
};

use lockhost_machine::{call::FileId, facts::Datetime};
use rustix::{
    fs::{AtFlags, CWD, FileType, Statx, StatxFlags, linkat, statx},
    io::{Errno, Result},
};

use super::{Seen, kind_of};

pub(super) fn look(file: &File) -> Result<Seen> {
    statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS).map(seen)
}

pub(super) fn look_at(dir: &File, name: &str) -> Result<Seen> {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    statx(dir, name, flags, StatxFlags::BASIC_STATS).map(seen)
}

fn seen(seen: Statx) -> Seen {
    let device = u64::from(seen.stx_dev_major) << 32 | u64::from(seen.stx_dev_minor);
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

/// Gives the file `name` in `directory`. The kernel refuses a file that has no name left.
pub(super) fn link_open(file: &File, directory: &File, name: &str) -> Result<()> {
    match linkat(file, c"", directory, name, AtFlags::EMPTY_PATH) {
        // Without CAP_DAC_READ_SEARCH, unless the kernel is newer than 6.9.
        Err(Errno::NOENT) => {
            // Another thread may have other descriptors.
            let entry = format!("/proc/thread-self/fd/{}", file.as_fd().as_raw_fd());
            linkat(CWD, entry, directory, name, AtFlags::SYMLINK_FOLLOW)
        }
        linked => linked,
    }
}
