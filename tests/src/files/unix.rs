//! stat(2).

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, PipeReader},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

use rustix::io::ioctl_fionread;

use super::{Id, Seen};

/// What an open file is.
///
/// # Errors
/// What the system says.
pub fn look(file: &File) -> io::Result<Seen> {
    Ok(seen(&file.metadata()?))
}

/// What is at a path; a symbolic link is not followed.
///
/// # Errors
/// What the system says.
pub fn look_at(path: &Path) -> io::Result<Seen> {
    Ok(seen(&fs::symlink_metadata(path)?))
}

/// How to make a file that its owner alone may read and write.
#[must_use]
pub fn private() -> OpenOptions {
    let mut options = File::options();
    options.mode(0o600);
    options
}

/// Writes from the start.
///
/// # Errors
/// What the system says.
pub fn write_at_start(file: &File, content: &[u8]) -> io::Result<()> {
    file.write_all_at(content, 0)
}

/// How many bytes are in a pipe.
///
/// # Errors
/// What the system says.
pub fn length_of(pipe: &PipeReader) -> io::Result<u64> {
    Ok(ioctl_fionread(pipe)?)
}

/// Whether a name is one that a removed file has until nobody has it open any more: here it has none.
#[must_use]
pub fn is_of_a_removed_file(_name: &str) -> bool {
    false
}

fn seen(file: &Metadata) -> Seen {
    Seen {
        id: Id {
            device: file.dev(),
            number: file.ino(),
        },
        links: file.nlink(),
        size: file.size(),
        changed: i128::from(file.ctime()) * 1_000_000_000 + i128::from(file.ctime_nsec()),
    }
}
