//! What other systems report about a file, by fstatat(2). They cannot give an open file a name.

use std::fs::File;

use rustix::{
    fs::{AtFlags, fstat, statat},
    io::{Errno, Result},
};

use super::{Seen, stat::seen};

pub(super) fn look(file: &File) -> Result<Seen> {
    fstat(file).map(seen)
}

pub(super) fn look_at(dir: &File, name: &str) -> Result<Seen> {
    statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).map(seen)
}

/// Always fails.
pub(super) fn link_open(_: &File, _: &File, _: &str) -> Result<()> {
    Err(Errno::NOTSUP)
}
