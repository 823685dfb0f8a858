//! Operations on the files of one directory, each by one name in it, which never wait and follow no link.

#[cfg_attr(windows, path = "files/windows.rs")]
#[cfg_attr(unix, path = "files/unix.rs")]
mod platform;

use std::fs::File;

use lockhost_machine::facts::ErrorCode;

pub(super) use self::platform::{
    Listing, create, examine, id, id_at, link, link_open, open, refresh, stat, stat_at, unlink,
    write,
};

/// A file that was opened to be examined.
pub(super) struct Opened {
    file: File,
    is_directory: bool,
}

impl Opened {
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn is_directory(&self) -> bool {
        self.is_directory
    }

    /// Reads this many bytes at most, from the start.
    pub(super) fn read(&self, length: usize) -> Result<Vec<u8>, ErrorCode> {
        if self.is_directory {
            return Err(ErrorCode::BadDescriptor);
        }
        read(&self.file, length)
    }
}

/// Reads this many bytes of a file at most, from the start.
pub(super) fn read(file: &File, length: usize) -> Result<Vec<u8>, ErrorCode> {
    let mut bytes = vec![0; length];
    let read = platform::read(file, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}
