//! Device, inode, and the time of the last write: an inode's number is soon another file's.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A file that has had a name.
#[derive(Debug)]
pub(super) struct FileVersion {
    path: PathBuf,
    file: (u64, u64, i64, i64),
}

impl FileVersion {
    /// Returns the file that has this absolute path now. `None` if none has it, or if that cannot be known.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = fs::symlink_metadata(path).ok()?;
        Some(Self {
            path: path.to_owned(),
            file: (found.dev(), found.ino(), found.mtime(), found.mtime_nsec()),
        })
    }

    /// Returns the file that has the path now, if it is another one.
    pub(super) fn successor(&self) -> Option<Self> {
        Self::of(&self.path).filter(|now| now.file != self.file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
