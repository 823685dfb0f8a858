//! Files on Unix: stat(2).

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, PipeReader},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

use rustix::io::ioctl_fionread;

use super::{Id, Seen};

/// Returns the status of an open file.
///
/// # Errors
/// As the system reports.
pub fn look(file: &File) -> io::Result<Seen> {
    Ok(seen(&file.metadata()?))
}

/// Returns the status of the file at a path, without following a symbolic link.
///
/// # Errors
/// As the system reports.
pub fn look_at(path: &Path) -> io::Result<Seen> {
    Ok(seen(&fs::symlink_metadata(path)?))
}

/// Returns options that make a file which only its owner may read and write.
#[must_use]
pub fn private() -> OpenOptions {
    let mut options = File::options();
    options.mode(0o600);
    options
}

/// Writes from the start.
///
/// # Errors
/// As the system reports.
pub fn write_at_start(file: &File, content: &[u8]) -> io::Result<()> {
    file.write_all_at(content, 0)
}

/// Returns how many bytes are in a pipe.
///
/// # Errors
/// As the system reports.
pub fn length_of(pipe: &PipeReader) -> io::Result<u64> {
    Ok(ioctl_fionread(pipe)?)
}

/// Returns whether a removed file has this name until no process has it open any more: here it has no name.
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
