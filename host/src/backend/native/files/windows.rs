//! Files on Windows. The component gets these files by `wasi/windows.rs` and wasmtime-wasi: from the same calls of
//! `handles`, and with the same codes for what fails.
//!
//! Each name is looked up in the directory's handle, so neither a rename of the directory nor the length of its path
//! matters. `handles` has the reasons. A name is a plain one: the machine refuses a lock's name with a colon, a slash or
//! a backslash, and the others are made from it.
//!
//! All processes may read, write and remove a file that is open here. Its names can be removed at any time, as on Unix.

use std::{
    fs::{File, FileTimes},
    io,
    os::windows::fs::FileExt,
    time::{SystemTime, UNIX_EPOCH},
};

use lockhost_machine::{
    call::{FileId, FileStat},
    facts::{Datetime, DescriptorType, ErrorCode},
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_READ_ATTRIBUTES,
};

use super::{super::answers, Opened};
use crate::{
    handles::{self, Status},
    outcome::{Operation, error_code::explained},
    process::platform::{identified, links},
};

/// Opens a file or a directory for reading. It does not follow a symbolic link or a junction.
pub(in crate::backend::native) fn open(
    dir: &File,
    name: &str,
) -> Result<(Opened, FileId), ErrorCode> {
    let opened = handles::open(dir, name, FILE_GENERIC_READ, 0);
    let file = opened.map_err(refused(Operation::Open))?;
    let is_directory = match kind_of(&file).map_err(failed(Operation::Open))? {
        DescriptorType::SymbolicLink => return Err(ErrorCode::Loop),
        kind => kind == DescriptorType::Directory,
    };
    let id = id_of(&file, Operation::Open)?;
    Ok((Opened { file, is_directory }, id))
}

/// Creates a file that must not exist. Its directory controls which users may read it.
pub(in crate::backend::native) fn create(dir: &File, name: &str) -> Result<File, ErrorCode> {
    let access = FILE_GENERIC_READ | FILE_GENERIC_WRITE;
    handles::create(dir, name, access).map_err(refused(Operation::Create))
}

/// Reads from the start, and returns the number of bytes.
pub(super) fn read(file: &File, bytes: &mut [u8]) -> Result<usize, ErrorCode> {
    file.seek_read(bytes, 0).map_err(failed(Operation::Read))
}

pub(in crate::backend::native) fn write(file: &File, content: &str) -> Result<usize, ErrorCode> {
    file.seek_write(content.as_bytes(), 0)
        .map_err(failed(Operation::Write))
}

pub(in crate::backend::native) fn id(file: &File) -> Result<FileId, ErrorCode> {
    id_of(file, Operation::Stat)
}

pub(in crate::backend::native) fn id_at(dir: &File, name: &str) -> Result<FileId, ErrorCode> {
    id(&look_at(dir, name)?)
}

fn id_of(file: &File, operation: Operation) -> Result<FileId, ErrorCode> {
    let (upper, lower) = identified(file).map_err(failed(operation))?;
    Ok(FileId(lower, upper))
}

pub(in crate::backend::native) fn stat(file: &File) -> Result<FileStat, ErrorCode> {
    let seen = file.metadata().map_err(failed(Operation::Stat))?;
    Ok(FileStat {
        kind: kind(seen.file_type()),
        size: seen.len(),
        links: links(file).map_err(failed(Operation::Stat))?,
        modified: seen.modified().ok().and_then(datetime),
    })
}

/// Examines a file that another process may have removed since it was opened.
pub(in crate::backend::native) fn examine(file: &File) -> Result<(FileStat, FileId), ErrorCode> {
    Ok((stat(file)?, id(file)?))
}

pub(in crate::backend::native) fn stat_at(dir: &File, name: &str) -> Result<FileStat, ErrorCode> {
    stat(&look_at(dir, name)?)
}

/// Opens a name to examine what has it: also a symbolic link itself, and a file that may not be read.
fn look_at(dir: &File, name: &str) -> Result<File, ErrorCode> {
    let opened = handles::open(dir, name, FILE_READ_ATTRIBUTES, 0);
    opened.map_err(refused(Operation::Stat))
}

/// Returns a time as WASI counts, from 1970.
fn datetime(time: SystemTime) -> Option<Datetime> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(Datetime {
        seconds: since.as_secs(),
        nanoseconds: since.subsec_nanos(),
    })
}

fn kind_of(file: &File) -> io::Result<DescriptorType> {
    Ok(kind(file.metadata()?.file_type()))
}

/// Returns the type of a file. What a directory of Windows has under a name is one of three.
fn kind(seen: std::fs::FileType) -> DescriptorType {
    if seen.is_symlink() {
        DescriptorType::SymbolicLink
    } else if seen.is_dir() {
        DescriptorType::Directory
    } else {
        DescriptorType::RegularFile
    }
}

pub(in crate::backend::native) fn link(
    dir: &File,
    file: &str,
    name: &str,
) -> Result<(), ErrorCode> {
    handles::link(dir, file, dir, name).map_err(refused(Operation::Link))
}

/// Always fails, as with the component: its WASI gives no name to an open file.
pub(in crate::backend::native) fn link_open(
    _file: &File,
    _dir: &File,
    _name: &str,
) -> Result<(), ErrorCode> {
    Err(ErrorCode::Unsupported)
}

pub(in crate::backend::native) fn unlink(dir: &File, name: &str) -> Result<(), ErrorCode> {
    handles::remove(dir, name).map_err(refused(Operation::Remove))
}

/// Sets the access time of a file to now, and leaves its other time.
pub(in crate::backend::native) fn refresh(file: &File) -> Result<(), ErrorCode> {
    let times = FileTimes::new().set_accessed(SystemTime::now());
    file.set_times(times).map_err(failed(Operation::Write))
}

/// A directory that is being read, some hundred entries at a time.
pub(in crate::backend::native) struct Listing(handles::Listing);

impl Listing {
    pub(in crate::backend::native) fn of(dir: &File) -> Result<Self, ErrorCode> {
        handles::Listing::of(dir).map(Self).map_err(answers::code)
    }

    /// Returns the name of the next entry. An error ends the listing: it may hide any entry.
    pub(in crate::backend::native) fn entry(&mut self) -> Result<Option<Name>, ErrorCode> {
        let entry = self.0.entry().map_err(answers::code)?;
        Ok(entry.map(|entry| Name(entry.name)))
    }
}

/// The name of an entry.
pub(in crate::backend::native) struct Name(Option<String>);

impl Name {
    /// Returns the name, if it is text.
    pub(in crate::backend::native) fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// Returns the code for the failure of an operation on an open file, and keeps its number for the message.
fn failed(operation: Operation) -> impl Fn(io::Error) -> ErrorCode {
    move |error| answers::code(explained(operation, &error))
}

/// The same for an operation on a name.
fn refused(operation: Operation) -> impl Fn(Status) -> ErrorCode {
    move |status| answers::code(status.code(operation))
}

#[cfg(test)]
#[path = "windows/tests.rs"]
mod tests;
