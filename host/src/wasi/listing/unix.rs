//! Directory listings as getdents(2) reads them: some hundred entries at a time, with their types.

use std::{ffi::CStr, fs::File};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat},
    io::Errno,
};
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorType, DirectoryEntry, ErrorCode};

use crate::{bindings::direct::lockfile::Operation, wasi::error_code::explained};

/// A directory that is being read.
pub(super) struct Listing {
    entries: Dir,
}

impl Listing {
    pub(super) fn of(directory: &File) -> Result<Self, ErrorCode> {
        // A descriptor of its own, since the system keeps the position of a listing in it.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let directory = openat(directory, c".", flags, Mode::empty()).map_err(code)?;
        Ok(Self {
            entries: Dir::new(directory).map_err(code)?,
        })
    }

    /// Returns the next entry, except the directory itself and its parent.
    ///
    /// An error ends the listing: it may hide any entry.
    pub(super) fn entry(&mut self) -> Result<Option<DirectoryEntry>, ErrorCode> {
        loop {
            let Some(entry) = self.entries.read() else {
                return Ok(None);
            };
            let entry = entry.map_err(unread)?;
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            let name = entry.file_name().to_str();
            let name = name.map_err(|_| ErrorCode::IllegalByteSequence)?.to_owned();
            let type_ = match entry.file_type() {
                FileType::Unknown => self.look_at(entry.file_name()),
                known => kind(known),
            };
            return Ok(Some(DirectoryEntry { type_, name }));
        }
    }

    /// Returns the type of a file for which the listing has none, as on some file systems.
    fn look_at(&self, name: &CStr) -> DescriptorType {
        let seen = self
            .entries
            .fd()
            .and_then(|directory| statat(directory, name, AtFlags::SYMLINK_NOFOLLOW));
        seen.map_or(DescriptorType::Unknown, |seen| {
            kind(FileType::from_raw_mode(seen.st_mode))
        })
    }
}

fn kind(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::Fifo => DescriptorType::Fifo,
        _ => DescriptorType::Unknown,
    }
}

/// Returns why the directory cannot be read on. Two codes would mean one entry alone; here a file system's error
/// concerns all entries that would have followed.
fn unread(error: Errno) -> ErrorCode {
    match code(error) {
        ErrorCode::NoEntry | ErrorCode::IllegalByteSequence => ErrorCode::Io,
        code => code,
    }
}

fn code(error: Errno) -> ErrorCode {
    explained(Operation::List, error)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        ffi::OsStr,
        fs,
        os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
    };

    use super::*;

    #[test]
    fn each_entry_of_a_directory_is_listed_once_with_its_type() {
        let place = tempfile::tempdir().unwrap();
        // More entries than one read returns.
        let mut expected = BTreeMap::new();
        for nth in 0..2_000 {
            let name = format!("{}{nth}", "x".repeat(nth % 100));
            fs::write(place.path().join(&name), "").unwrap();
            expected.insert(name, DescriptorType::RegularFile);
        }
        fs::create_dir(place.path().join("directory")).unwrap();
        expected.insert("directory".to_owned(), DescriptorType::Directory);
        symlink("nowhere", place.path().join("link")).unwrap();
        expected.insert("link".to_owned(), DescriptorType::SymbolicLink);
        let _socket = UnixListener::bind(place.path().join("socket")).unwrap();
        expected.insert("socket".to_owned(), DescriptorType::Unknown);
        let directory = File::open(place.path()).unwrap();
        for _ in 0..2 {
            let mut listing = Listing::of(&directory).unwrap();
            let mut found = BTreeMap::new();
            while let Some(entry) = listing.entry().unwrap() {
                assert_eq!(listing.look_at(&c_name(&entry.name)), entry.type_);
                assert_eq!(found.insert(entry.name, entry.type_), None);
            }
            assert_eq!(found, expected);
            assert!(listing.entry().unwrap().is_none());
        }
    }

    fn c_name(name: &str) -> std::ffi::CString {
        std::ffi::CString::new(name).unwrap()
    }

    #[test]
    fn a_name_that_is_no_text_is_an_error_and_not_the_end() {
        let place = tempfile::tempdir().unwrap();
        let odd = OsStr::from_bytes(b"\xff");
        if fs::write(place.path().join(odd), "").is_err() {
            // Not possible on every file system (APFS).
            return;
        }
        fs::write(place.path().join("text"), "").unwrap();
        let directory = File::open(place.path()).unwrap();
        let mut listing = Listing::of(&directory).unwrap();
        let entries = [listing.entry(), listing.entry(), listing.entry()];
        let errors = entries.iter().filter(|entry| entry.is_err()).count();
        assert_eq!(errors, 1, "{entries:?}");
        assert!(matches!(entries[2], Ok(None)), "{entries:?}");
    }

    #[test]
    fn an_error_of_the_file_system_is_never_that_of_one_entry() {
        for error in [Errno::NOENT, Errno::ILSEQ, Errno::IO] {
            assert_eq!(unread(error), ErrorCode::Io);
        }
        assert_eq!(unread(Errno::ACCESS), ErrorCode::Access);
    }
}
