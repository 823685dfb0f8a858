//! Absolute paths: a directory has no path from a handle.

use std::{fs::File, io, path::Path};

use crate::process::platform::{file_id, open_directory};

/// Nothing: the path is made absolute at once.
#[derive(Debug)]
pub(super) struct Base;

impl Base {
    pub(super) fn of(_given: &Path) -> Self {
        Self
    }

    pub(super) fn open(&self, _given: &Path, absolute: &Path) -> io::Result<File> {
        open_directory(absolute)
    }

    pub(super) fn id(&self, _given: &Path, absolute: &Path) -> io::Result<Option<(u64, u64)>> {
        Ok(file_id(&open_directory(absolute)?))
    }
}

/// Does nothing: a process has no root of its own.
pub(super) fn remember_root() {}

pub(super) fn is_in_another_root() -> bool {
    false
}
