//! The number of an open file, which may come from a cache: no call is known by which a server is asked for it.

use std::fs::File;

use rustix::{fs::fstat, io::Result};

use crate::wasi::stat;

/// Returns the device and the inode.
pub(super) fn ask(file: &File) -> Result<(u64, u64)> {
    fstat(file).map(|found| stat::id(&found))
}
