//! The numbers that distinguish an open file from others.

use std::{fs::File, io, mem::MaybeUninit, os::windows::io::AsRawHandle};

use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ID_INFO, FileIdInfo, GetFileInformationByHandle,
    GetFileInformationByHandleEx,
};

use super::volume::numbers_places;

/// Returns the numbers that distinguish a file from others, if the system reports any.
pub(crate) fn file_id(file: &File) -> Option<(u64, u64)> {
    identified(file).ok()
}

/// Returns the numbers that distinguish a file from others: those within its volume, or the volume's and its own.
///
/// # Errors
/// If the file cannot be examined.
pub(crate) fn identified(file: &File) -> io::Result<(u64, u64)> {
    if let Some(id) = long_id(file) {
        return Ok(id);
    }
    let told = told(file)?;
    Ok((u64::from(told.dwVolumeSerialNumber), index(&told)))
}

/// Returns how many names a file has.
///
/// # Errors
/// If the file cannot be examined.
#[cfg(feature = "native")]
pub(crate) fn links(file: &File) -> io::Result<u64> {
    Ok(u64::from(told(file)?.nNumberOfLinks))
}

/// Returns the number that distinguishes a file from others in its volume, the upper half first. `None` where a number
/// of 64 bits distinguishes the file.
pub(crate) fn long_id(file: &File) -> Option<(u64, u64)> {
    wide_id(file).or_else(|| numbers_places(file).then(|| dated_id(file))?)
}

/// Returns its number, if 64 bits are not enough for it.
#[allow(unsafe_code)]
fn wide_id(file: &File) -> Option<(u64, u64)> {
    let mut id = FILE_ID_INFO::default();
    // SAFETY: the handle is open, and the answer has the room that is passed.
    let told = unsafe {
        GetFileInformationByHandleEx(
            file.as_raw_handle(),
            FileIdInfo,
            (&raw mut id).cast(),
            size_of::<FILE_ID_INFO>() as u32,
        )
    };
    let id = u128::from_le_bytes(id.FileId.Identifier);
    let (upper, lower) = ((id >> 64) as u64, id as u64);
    let is_number = told != 0 && id != u128::MAX;
    (is_number && upper != 0).then_some((upper, lower))
}

/// Returns its creation time, which no other file has if this library made it. Its number is not enough: it is the
/// place of its name in the directory, or that of its content. Another file may get the former while this one is open,
/// and the latter changes.
fn dated_id(file: &File) -> Option<(u64, u64)> {
    let made = told(file).ok()?.ftCreationTime;
    Some((
        u64::from(made.dwHighDateTime),
        u64::from(made.dwLowDateTime),
    ))
}

fn index(told: &BY_HANDLE_FILE_INFORMATION) -> u64 {
    u64::from(told.nFileIndexHigh) << 32 | u64::from(told.nFileIndexLow)
}

#[allow(unsafe_code)]
fn told(file: &File) -> io::Result<BY_HANDLE_FILE_INFORMATION> {
    let mut found = MaybeUninit::<BY_HANDLE_FILE_INFORMATION>::uninit();
    // SAFETY: the handle is open, and there is room for the answer.
    let told = unsafe { GetFileInformationByHandle(file.as_raw_handle(), found.as_mut_ptr()) };
    if told == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded, so the answer is written.
    Ok(unsafe { found.assume_init() })
}

#[cfg(test)]
mod tests {
    use std::os::windows::fs::MetadataExt;

    use super::*;

    #[test]
    fn two_files_that_exist_at_once_are_told_apart() {
        let (one, other) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        assert!(file_id(&one).is_some());
        assert_eq!(file_id(&one), file_id(&one.try_clone().unwrap()));
        assert_ne!(file_id(&one), file_id(&other));
    }

    #[test]
    fn a_file_known_by_its_time_is_known_by_that_alone() {
        let file = tempfile::tempfile().unwrap();
        let made = file.metadata().unwrap().creation_time();
        assert_eq!(dated_id(&file), Some((made >> 32, made & 0xffff_ffff)));
    }
}
