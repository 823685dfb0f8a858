//! Files on Unix. The component gets these files by `wasi/unix.rs` and wasmtime-wasi: with the same flags, and with the
//! same codes for what fails.
//!
//! open(2) waits in two cases in which a lock file is never worth the wait: for the other end of a FIFO, and for a
//! lease that the file's owner has on it (fcntl(2), `F_SETLEASE`). The machine examines a file before it opens it, but
//! the file may be exchanged between the two. So it is opened with `O_NONBLOCK`, and examined once more when it is open.

mod stat;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod system;

use std::fs::File;

use lockhost_machine::{
    call::{FileId, FileStat},
    facts::{DescriptorType, ErrorCode},
};
use rustix::{
    fs::{
        AtFlags, Dir, FileType, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT,
        futimens, linkat, openat, unlinkat,
    },
    io::{Errno, pread, pwrite},
};

use super::Opened;
use crate::{
    outcome::{Operation, error_code},
    sys::{open_file, patience::patiently},
};

/// Opens a file for reading. It closes a FIFO, a socket or a device at once, before a byte is read.
pub(in crate::backend::native) fn open(
    dir: &File,
    name: &str,
) -> Result<(Opened, FileId), ErrorCode> {
    let file = patiently(is_lease, || {
        open_with(dir, name, OFlags::RDONLY).map_err(|error| match error {
            // FreeBSD's error for a symbolic link.
            Errno::MLINK => ErrorCode::Loop,
            error => code(Operation::Open, error),
        })
    })?;
    let seen = system::look(&file).map_err(failed_when_open(Operation::Open))?;
    let is_directory = match seen.kind {
        DescriptorType::RegularFile => false,
        DescriptorType::Directory => true,
        _ => return Err(ErrorCode::NoSuchDevice),
    };
    Ok((Opened { file, is_directory }, seen.id))
}

/// Creates a file that must not exist, private to its user from the start.
pub(in crate::backend::native) fn create(dir: &File, name: &str) -> Result<File, ErrorCode> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    patiently(is_lease, || {
        open_with(dir, name, flags).map_err(|error| code(Operation::Create, error))
    })
}

fn open_with(dir: &File, name: &str, flags: OFlags) -> Result<File, Errno> {
    // If a terminal was exchanged in, it must not become this process' own.
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    openat(dir, name, flags, Mode::RUSR | Mode::WUSR).map(File::from)
}

/// Returns whether a failure passes: with `O_NONBLOCK`, a lease causes it.
fn is_lease(code: &ErrorCode) -> bool {
    *code == ErrorCode::WouldBlock
}

/// Reads from the start, and returns the number of bytes.
pub(super) fn read(file: &File, bytes: &mut [u8]) -> Result<usize, ErrorCode> {
    pread(file, bytes, 0).map_err(failed_when_open(Operation::Read))
}

pub(in crate::backend::native) fn write(file: &File, content: &str) -> Result<usize, ErrorCode> {
    pwrite(file, content.as_bytes(), 0).map_err(failed(Operation::Write))
}

pub(in crate::backend::native) fn id(file: &File) -> Result<FileId, ErrorCode> {
    let seen = system::look(file).map_err(failed(Operation::Stat))?;
    Ok(seen.id)
}

pub(in crate::backend::native) fn id_at(dir: &File, name: &str) -> Result<FileId, ErrorCode> {
    let seen = system::look_at(dir, name).map_err(failed(Operation::Stat))?;
    Ok(seen.id)
}

pub(in crate::backend::native) fn stat(file: &File) -> Result<FileStat, ErrorCode> {
    let seen = system::look(file).map_err(failed_when_open(Operation::Stat))?;
    Ok(seen.stat())
}

/// Examines a file that another process may have removed since it was opened.
pub(in crate::backend::native) fn examine(file: &File) -> Result<(FileStat, FileId), ErrorCode> {
    let seen = system::look(file).map_err(failed_when_open(Operation::Stat))?;
    Ok((seen.stat(), seen.id))
}

pub(in crate::backend::native) fn stat_at(dir: &File, name: &str) -> Result<FileStat, ErrorCode> {
    let seen = system::look_at(dir, name).map_err(failed(Operation::Stat))?;
    Ok(seen.stat())
}

pub(in crate::backend::native) fn link(
    dir: &File,
    file: &str,
    name: &str,
) -> Result<(), ErrorCode> {
    linkat(dir, file, dir, name, AtFlags::empty()).map_err(failed(Operation::Link))
}

/// Gives an open file a name.
pub(in crate::backend::native) fn link_open(
    file: &File,
    dir: &File,
    name: &str,
) -> Result<(), ErrorCode> {
    open_file::link(file, dir, name).map_err(failed(Operation::Link))
}

pub(in crate::backend::native) fn unlink(dir: &File, name: &str) -> Result<(), ErrorCode> {
    unlinkat(dir, name, AtFlags::empty()).map_err(failed(Operation::Remove))
}

/// Sets the access time of a file to now, and leaves its other time.
pub(in crate::backend::native) fn refresh(file: &File) -> Result<(), ErrorCode> {
    let at = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    let times = Timestamps {
        last_access: at(UTIME_NOW),
        last_modification: at(UTIME_OMIT),
    };
    futimens(file, &times).map_err(failed(Operation::Write))
}

/// A directory that is being read, some hundred entries at a time.
pub(in crate::backend::native) struct Listing(Dir);

impl Listing {
    pub(in crate::backend::native) fn of(dir: &File) -> Result<Self, ErrorCode> {
        // A descriptor of its own, since the system keeps the position of a listing in it.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let directory = openat(dir, c".", flags, Mode::empty()).map_err(failed(Operation::List))?;
        Dir::new(directory)
            .map(Self)
            .map_err(failed(Operation::List))
    }

    /// Returns the name of the next entry. An error ends the listing: it may hide any entry.
    pub(in crate::backend::native) fn entry(&mut self) -> Result<Option<Name>, ErrorCode> {
        match self.0.read() {
            None => Ok(None),
            Some(Ok(entry)) => Ok(Some(Name(entry))),
            Some(Err(error)) => Err(code(Operation::List, error)),
        }
    }
}

/// The name of an entry.
pub(in crate::backend::native) struct Name(rustix::fs::DirEntry);

impl Name {
    /// Returns the name, if it is text.
    pub(in crate::backend::native) fn text(&self) -> Option<&str> {
        self.0.file_name().to_str().ok()
    }
}

/// What a system reports about a file.
struct Seen {
    id: FileId,
    kind: DescriptorType,
    size: u64,
    links: u64,
    modified: Option<lockhost_machine::facts::Datetime>,
}

impl Seen {
    fn stat(&self) -> FileStat {
        FileStat {
            kind: self.kind,
            size: self.size,
            links: self.links,
            modified: self.modified,
        }
    }
}

/// Returns the type of a file, as wasmtime-wasi names it: it has no name for a FIFO or a socket.
fn kind_of(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        _ => DescriptorType::Unknown,
    }
}

/// Returns the code for the failure of an operation, and keeps its number for the message.
fn failed(operation: Operation) -> impl Fn(Errno) -> ErrorCode {
    move |error| code(operation, error)
}

/// Does the same for an operation on an open file that another process made.
fn failed_when_open(operation: Operation) -> impl Fn(Errno) -> ErrorCode {
    move |error| super::super::answers::code(error_code::explained_of_open_file(operation, error))
}

fn code(operation: Operation, error: Errno) -> ErrorCode {
    match (operation, error) {
        (Operation::Open | Operation::Create, Errno::WOULDBLOCK) => ErrorCode::WouldBlock,
        // A socket, a device without a driver, or a FIFO that is opened for writing and that no process reads.
        (Operation::Open | Operation::Create, Errno::NXIO | Errno::NODEV) => {
            ErrorCode::NoSuchDevice
        }
        (operation, error) => super::super::answers::code(error_code::explained(operation, error)),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
