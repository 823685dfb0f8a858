//! What Linux reports about a file, by statx(2) or, where that is refused, by fstatat(2).

use std::fs::File;

use lockhost_machine::{call::FileId, facts::Datetime};
use rustix::{
    fs::{AtFlags, FileType, Statx, fstat, statat},
    io::Result,
};

use super::{Seen, kind_of, stat};
use crate::sys::statx;

pub(super) fn look(file: &File) -> Result<Seen> {
    match statx::ask(file, c"", AtFlags::EMPTY_PATH)? {
        Some(found) => Ok(seen(found)),
        None => fstat(file).map(stat::seen),
    }
}

pub(super) fn look_at(dir: &File, name: &str) -> Result<Seen> {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    match statx::ask(dir, name, flags)? {
        Some(found) => Ok(seen(found)),
        None => statat(dir, name, flags).map(stat::seen),
    }
}

fn seen(seen: Statx) -> Seen {
    let (device, inode) = statx::id(&seen);
    let modified = seen.stx_mtime;
    Seen {
        id: FileId(device, inode),
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
