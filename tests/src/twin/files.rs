//! Operations on files by the system calls that the host makes for them.

use std::{ffi::CStr, fs::File, os::fd::AsFd};

use lockhost_machine::{
    call::{FileId, FileStat, Listed, Reply},
    facts::{Datetime, DescriptorType, ErrorCode},
    names::{Identity, Names},
};
use rustix::{
    fs::{
        AtFlags, Dir, FileType, Mode, OFlags, Statx, StatxFlags, linkat, openat, statx, unlinkat,
    },
    io::{Errno, pread, pwrite},
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

    /// Reads this many bytes at most, from the start.
    pub(super) fn read(&self, length: usize) -> Result<Vec<u8>, ErrorCode> {
        if self.is_directory {
            return Err(ErrorCode::BadDescriptor);
        }
        let mut bytes = vec![0; length];
        let read = pread(&self.file, &mut bytes[..], 0).map_err(code)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// Opens a file for reading, without following a symbolic link or waiting for a pipe.
pub(super) fn open(dir: &File, name: &str) -> Result<Opened, ErrorCode> {
    let file = open_with(dir, name, OFlags::RDONLY)?;
    match kind_of(&look(&file)?) {
        kind @ (FileType::RegularFile | FileType::Directory) => Ok(Opened {
            file,
            is_directory: kind == FileType::Directory,
        }),
        _ => Err(ErrorCode::NoSuchDevice),
    }
}

/// Creates a file that must not exist.
pub(super) fn create(dir: &File, name: &str) -> Result<File, ErrorCode> {
    open_with(dir, name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
}

fn open_with(dir: &File, name: &str, flags: OFlags) -> Result<File, ErrorCode> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = openat(dir, name, flags, Mode::RUSR | Mode::WUSR).map_err(code)?;
    Ok(file.into())
}

pub(super) fn write(file: &impl AsFd, content: &str) -> Result<usize, ErrorCode> {
    pwrite(file, content.as_bytes(), 0).map_err(code)
}

pub(super) fn id(file: &impl AsFd) -> Result<FileId, ErrorCode> {
    look(file).map(|seen| id_from(&seen))
}

pub(super) fn id_at(dir: &File, name: &str) -> Result<FileId, ErrorCode> {
    look_at(dir, name).map(|seen| id_from(&seen))
}

pub(super) fn stat(file: &impl AsFd) -> Result<FileStat, ErrorCode> {
    look(file).map(|seen| stat_from(&seen))
}

pub(super) fn stat_at(dir: &File, name: &str) -> Result<FileStat, ErrorCode> {
    look_at(dir, name).map(|seen| stat_from(&seen))
}

pub(super) fn link(dir: &File, file: &str, name: &str) -> Result<Reply, ErrorCode> {
    linkat(dir, file, dir, name, AtFlags::empty()).map_err(code)?;
    Ok(Reply::Done)
}

pub(super) fn unlink(dir: &File, name: &str) -> Result<Reply, ErrorCode> {
    unlinkat(dir, name, AtFlags::empty()).map_err(code)?;
    Ok(Reply::Done)
}

/// How many claims one part of a listing has at most.
const CLAIMS: usize = 64;

/// How many entries are read for one part at most.
const ENTRIES: u32 = 1_024;

/// A directory that is being read.
pub(super) struct Listing(Dir);

impl Listing {
    pub(super) fn of(dir: &File) -> Result<Self, ErrorCode> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let directory = openat(dir, ".", flags, Mode::empty()).map_err(code)?;
        Dir::new(directory).map(Self).map_err(code)
    }

    /// Returns the next claims on a lock.
    pub(super) fn part(&mut self, names: &Names) -> Listed {
        let mut listed = Listed::default();
        for _ in 0..ENTRIES {
            match self.0.read() {
                Some(Ok(entry)) => listed.claims.extend(claimant(entry.file_name(), names)),
                Some(Err(error)) => listed.missed = Some(code(error)),
                None => return listed,
            }
            if listed.claims.len() == CLAIMS {
                break;
            }
        }
        listed.more = true;
        listed
    }
}

/// Returns the identity that made a claim, if an entry of a directory is one. A name that is not UTF-8 is not a
/// claim's.
fn claimant(name: &CStr, names: &Names) -> Option<Identity> {
    name.to_str().ok().and_then(|name| names.claimant(name))
}

fn look(file: &impl AsFd) -> Result<Statx, ErrorCode> {
    let flags = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    statx(file, "", AtFlags::EMPTY_PATH, flags).map_err(code)
}

fn look_at(dir: &File, name: &str) -> Result<Statx, ErrorCode> {
    let flags = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    statx(dir, name, AtFlags::SYMLINK_NOFOLLOW, flags).map_err(code)
}

fn id_from(seen: &Statx) -> FileId {
    let device = u64::from(seen.stx_dev_major) << 32 | u64::from(seen.stx_dev_minor);
    FileId(device, seen.stx_ino)
}

fn kind_of(seen: &Statx) -> FileType {
    FileType::from_raw_mode(seen.stx_mode.into())
}

fn stat_from(seen: &Statx) -> FileStat {
    let modified = seen.stx_mtime;
    FileStat {
        kind: match kind_of(seen) {
            FileType::RegularFile => DescriptorType::RegularFile,
            FileType::Directory => DescriptorType::Directory,
            FileType::Symlink => DescriptorType::SymbolicLink,
            FileType::CharacterDevice => DescriptorType::CharacterDevice,
            FileType::BlockDevice => DescriptorType::BlockDevice,
            _ => DescriptorType::Unknown,
        },
        size: seen.stx_size,
        links: seen.stx_nlink.into(),
        // WASI counts from 1970.
        modified: u64::try_from(modified.tv_sec).ok().map(|seconds| Datetime {
            seconds,
            nanoseconds: modified.tv_nsec,
        }),
    }
}

/// Returns WASI's name for an error, or the nearest one that wasmtime-wasi has.
fn code(error: Errno) -> ErrorCode {
    match error {
        Errno::ACCESS => ErrorCode::Access,
        Errno::BADF => ErrorCode::BadDescriptor,
        Errno::BUSY => ErrorCode::Busy,
        Errno::EXIST => ErrorCode::Exist,
        Errno::FBIG => ErrorCode::FileTooLarge,
        Errno::ILSEQ => ErrorCode::IllegalByteSequence,
        Errno::INTR => ErrorCode::Interrupted,
        Errno::INVAL => ErrorCode::Invalid,
        Errno::ISDIR => ErrorCode::IsDirectory,
        Errno::LOOP => ErrorCode::Loop,
        Errno::MLINK => ErrorCode::TooManyLinks,
        Errno::NAMETOOLONG => ErrorCode::NameTooLong,
        Errno::NOENT => ErrorCode::NoEntry,
        Errno::NOMEM => ErrorCode::InsufficientMemory,
        Errno::NOSPC => ErrorCode::InsufficientSpace,
        Errno::NOTDIR => ErrorCode::NotDirectory,
        Errno::NOTSUP => ErrorCode::Unsupported,
        Errno::OVERFLOW => ErrorCode::Overflow,
        Errno::PERM => ErrorCode::NotPermitted,
        _ => ErrorCode::Io,
    }
}
