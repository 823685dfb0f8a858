//! Files on Windows: `GetFileInformationByHandle`.

use std::{
    fs::{File, OpenOptions},
    io::{self, PipeReader},
    os::windows::{
        fs::{FileExt, OpenOptionsExt},
        io::AsRawHandle,
    },
    path::Path,
    ptr::null_mut,
};

use windows_sys::Win32::{
    Storage::FileSystem::{
        BY_HANDLE_FILE_INFORMATION, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
        GetFileInformationByHandle,
    },
    System::Pipes::PeekNamedPipe,
};

use super::{Id, Seen};

/// Returns the status of an open file.
///
/// # Errors
/// As the system reports.
pub fn look(file: &File) -> io::Result<Seen> {
    let mut told = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the file is open, and the answer is written to a variable of ours.
    if unsafe { GetFileInformationByHandle(file.as_raw_handle(), &mut told) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let whole = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    let written = told.ftLastWriteTime;
    Ok(Seen {
        id: Id {
            device: told.dwVolumeSerialNumber.into(),
            number: whole(told.nFileIndexHigh, told.nFileIndexLow),
        },
        links: told.nNumberOfLinks.into(),
        size: whole(told.nFileSizeHigh, told.nFileSizeLow),
        changed: whole(written.dwHighDateTime, written.dwLowDateTime).into(),
    })
}

/// Returns the status of the file at a path, without following a symbolic link.
///
/// # Errors
/// As the system reports.
pub fn look_at(path: &Path) -> io::Result<Seen> {
    let mut options = File::options();
    // Without a right to the content, this open conflicts with no other process's open, in either direction.
    options.access_mode(0);
    options.custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
    look(&options.open(path)?)
}

/// Returns options that make a file which only its owner may read and write: the directory decides, and temporary ones
/// are their owner's.
#[must_use]
pub fn private() -> OpenOptions {
    File::options()
}

/// Writes from the start.
///
/// # Errors
/// As the system reports.
pub fn write_at_start(file: &File, content: &[u8]) -> io::Result<()> {
    match file.seek_write(content, 0)? {
        written if written == content.len() => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// Returns how many bytes are in a pipe.
///
/// # Errors
/// As the system reports.
pub fn length_of(pipe: &PipeReader) -> io::Result<u64> {
    let mut length = 0;
    // SAFETY: the pipe is open, the answer is written to a variable of ours, and nothing else is asked for.
    let told = unsafe {
        PeekNamedPipe(
            pipe.as_raw_handle(),
            null_mut(),
            0,
            null_mut(),
            &mut length,
            null_mut(),
        )
    };
    match told {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(length.into()),
    }
}

/// Returns whether a removed file has this name until no process has it open any more, where the system keeps one. A
/// process that is killed in that moment leaves it.
#[must_use]
pub fn is_of_a_removed_file(name: &str) -> bool {
    name.starts_with(".lockhost-") && name.ends_with(".removed")
}
