//! What other systems report about a file, by fstatat(2). They cannot give an open file a name.

use std::fs::File;

use lockhost_machine::{call::FileId, facts::Datetime};
use rustix::{
    fs::{AtFlags, FileType, Stat, fstat, statat},
    io::{Errno, Result},
};

use super::{Seen, kind_of};

pub(super) fn look(file: &File) -> Result<Seen> {
    fstat(file).map(seen)
}

pub(super) fn look_at(dir: &File, name: &str) -> Result<Seen> {
    statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).map(seen)
}

/// The types of the numbers differ between systems.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    clippy::useless_conversion,
    trivial_numeric_casts,
    reason = "on some systems they are these types already"
)]
fn seen(seen: Stat) -> Seen {
    Seen {
        id: FileId(seen.st_dev as u64, seen.st_ino as u64),
        kind: kind_of(FileType::from_raw_mode(seen.st_mode)),
        size: seen.st_size as u64,
        links: seen.st_nlink as u64,
        // WASI counts from 1970.
        modified: u64::try_from(seen.st_mtime).ok().map(|seconds| Datetime {
            seconds,
            nanoseconds: seen.st_mtime_nsec as u32,
        }),
    }
}

/// Always fails.
pub(super) fn link_open(_: &File, _: &File, _: &str) -> Result<()> {
    Err(Errno::NOTSUP)
}
