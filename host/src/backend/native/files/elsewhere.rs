//! What other systems report about a file, by fstatat(2).

use std::fs::File;

use rustix::{
    fs::{AtFlags, fstat, statat},
    io::Result,
};

use super::{Seen, stat::seen};

pub(super) fn look(file: &File) -> Result<Seen> {
    fstat(file).map(seen)
}

pub(super) fn look_at(dir: &File, name: &str) -> Result<Seen> {
    statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).map(seen)
}
