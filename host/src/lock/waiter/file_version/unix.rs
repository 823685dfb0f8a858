//! Device, inode, and the time of the last write: an inode's number is soon another file's.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::decision::Current;

/// A file that has had a name.
#[derive(Debug)]
pub(crate) struct FileVersion {
    path: PathBuf,
    file: (u64, u64, i64, i64),
}

impl FileVersion {
    /// Returns the file that has this absolute path now. `None` if none has it, or if that cannot be known.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let found = fs::symlink_metadata(path).ok()?;
        Some(Self {
            path: path.to_owned(),
            file: (found.dev(), found.ino(), found.mtime(), found.mtime_nsec()),
        })
    }

    /// Compares with the file that has the path now, which takes the place of this one.
    pub(crate) fn update(&mut self) -> Current {
        match Self::of(&self.path) {
            None => Current::Gone,
            Some(now) if now.file == self.file => Current::Same,
            Some(now) => {
                *self = now;
                Current::Other
            }
        }
    }
}
