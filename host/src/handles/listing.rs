//! Directory listings by the directory's handle.

use std::{
    fs::File,
    io,
    mem::{offset_of, size_of},
    os::windows::io::AsRawHandle,
    ptr,
};

use windows_sys::{
    Wdk::Storage::FileSystem::FILE_DIRECTORY_FILE,
    Win32::{
        Foundation::{ERROR_FILE_NOT_FOUND, ERROR_NO_MORE_FILES},
        Storage::FileSystem::{
            FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_REPARSE_POINT, FILE_FULL_DIR_INFO,
            FILE_LIST_DIRECTORY, FileFullDirectoryInfo, GetFileInformationByHandleEx,
        },
    },
};

use super::names::open;
use crate::outcome::{DescriptorType, ErrorCode, Operation, error_code::explained};

/// The bytes that are read at once: a name takes some hundred.
const ROOM: usize = 32 << 10;

/// The bit of a reparse point's tag that marks the file as a stand-in for another one.
const SURROGATE: u32 = 0x2000_0000;

/// A directory that is being read.
pub(crate) struct Listing {
    /// A handle of its own, since the system keeps the position of a listing in it.
    directory: File,
    /// The last read, in words, so that entries are aligned.
    read: Vec<u64>,
    /// The position of the next entry in it.
    next: Option<usize>,
}

impl Listing {
    pub(crate) fn of(directory: &File) -> Result<Self, ErrorCode> {
        // The empty name means the directory itself.
        let (access, options) = (FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE);
        let directory = open(directory, "", access, options);
        Ok(Self {
            directory: directory.map_err(|status| status.code(Operation::List))?,
            read: vec![0; ROOM / size_of::<u64>()],
            next: None,
        })
    }

    /// Returns the next entry, except the directory itself and its parent.
    pub(crate) fn entry(&mut self) -> Result<Option<Entry>, ErrorCode> {
        loop {
            let Some(at) = self.next else {
                if !self.read_on()? {
                    return Ok(None);
                }
                self.next = Some(0);
                continue;
            };
            let Some(found) = Found::at(&self.read, at) else {
                self.next = None;
                return Err(ErrorCode::Io);
            };
            self.next = (found.length != 0).then_some(at + found.length);
            let name = String::from_utf16(&found.name).ok();
            if !matches!(name.as_deref(), Some("." | "..")) {
                return Ok(Some(Entry {
                    kind: found.kind,
                    name,
                }));
            }
        }
    }

    /// Reads more entries. Returns whether there were any.
    #[allow(unsafe_code)]
    fn read_on(&mut self) -> Result<bool, ErrorCode> {
        let size = size_of_val(&self.read[..]);
        let size = u32::try_from(size).map_err(|_| ErrorCode::Overflow)?;
        // SAFETY: the handle is open, and the answer has the room that is passed.
        let told = unsafe {
            GetFileInformationByHandleEx(
                self.directory.as_raw_handle(),
                FileFullDirectoryInfo,
                self.read.as_mut_ptr().cast(),
                size,
            )
        };
        if told != 0 {
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error().map(i32::cast_unsigned) {
            // The second where there is nothing at all, not even the directory itself.
            Some(ERROR_NO_MORE_FILES | ERROR_FILE_NOT_FOUND) => Ok(false),
            _ => Err(explained(Operation::List, &error)),
        }
    }
}

/// An entry of a directory.
pub(crate) struct Entry {
    #[cfg_attr(
        not(feature = "component"),
        allow(dead_code, reason = "the machine asks for names alone")
    )]
    pub(crate) kind: DescriptorType,
    /// Its name, if that is text.
    pub(crate) name: Option<String>,
}

/// An entry in the system's form.
struct Found {
    /// The offset of the next entry; 0 if there is none.
    length: usize,
    kind: DescriptorType,
    name: Vec<u16>,
}

impl Found {
    /// Returns the entry that begins at a byte; `None` if it does not lie in what was read.
    #[allow(unsafe_code)]
    fn at(read: &[u64], at: usize) -> Option<Self> {
        let room = size_of_val(read);
        if at.checked_add(size_of::<FILE_FULL_DIR_INFO>())? > room {
            return None;
        }
        // SAFETY: it lies in what was read, which is written, and consists of numbers.
        let entry = unsafe {
            let entry = read.as_ptr().byte_add(at);
            ptr::read_unaligned(entry.cast::<FILE_FULL_DIR_INFO>())
        };
        let begin = at + offset_of!(FILE_FULL_DIR_INFO, FileName);
        let bytes = usize::try_from(entry.FileNameLength).ok()?;
        if begin.checked_add(bytes)? > room {
            return None;
        }
        let units = (0..bytes / size_of::<u16>()).map(|nth| {
            // SAFETY: the name lies in what was read.
            unsafe {
                let unit = read.as_ptr().byte_add(begin + nth * size_of::<u16>());
                ptr::read_unaligned(unit.cast::<u16>())
            }
        });
        Some(Self {
            length: usize::try_from(entry.NextEntryOffset).ok()?,
            kind: kind(&entry),
            name: units.collect(),
        })
    }
}

fn kind(entry: &FILE_FULL_DIR_INFO) -> DescriptorType {
    let has = |attribute| entry.FileAttributes & attribute != 0;
    // The tag is in the field for the size of other attributes, which such a file has none of.
    if has(FILE_ATTRIBUTE_REPARSE_POINT) && entry.EaSize & SURROGATE != 0 {
        DescriptorType::SymbolicLink
    } else if has(FILE_ATTRIBUTE_DIRECTORY) {
        DescriptorType::Directory
    } else {
        DescriptorType::RegularFile
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use super::*;

    #[test]
    fn each_listing_has_every_file_of_a_directory_once() {
        let place = tempfile::tempdir().unwrap();
        // More entries than one read returns, with names of one letter and of many.
        let mut expected = BTreeMap::new();
        for nth in 0..700 {
            let name = format!("{}{nth}", "\u{e9}".repeat(nth % 100));
            fs::write(place.path().join(&name), "").unwrap();
            expected.insert(name, DescriptorType::RegularFile);
        }
        fs::create_dir(place.path().join("directory")).unwrap();
        expected.insert("directory".to_owned(), DescriptorType::Directory);
        let directory = crate::process::platform::open_directory(place.path()).unwrap();
        for _ in 0..2 {
            let mut listing = Listing::of(&directory).unwrap();
            let mut found = BTreeMap::new();
            while let Some(entry) = listing.entry().unwrap() {
                assert_eq!(found.insert(entry.name.unwrap(), entry.kind), None);
            }
            assert_eq!(found, expected);
            assert!(listing.entry().unwrap().is_none());
        }
    }

    #[test]
    fn an_entry_that_ends_beyond_what_was_read_is_none() {
        assert!(Found::at(&[0; 4], 0).is_none());
        let mut read = [0_u64; 16];
        assert!(Found::at(&read, 0).is_some());
        // The length of the name.
        read[7] = u64::from(u32::MAX) << 32;
        assert!(Found::at(&read, 0).is_none());
    }
}
