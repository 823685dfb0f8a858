//! Files by the handle of their directory and one name, for which Win32 has no calls.
//!
//! The system uses such a name as it is: `NUL` means no device, nothing is cut off its end, and it contains no
//! directory.
//!
//! A name is looked up in the directory that the handle refers to, wherever that directory is by now. Win32 would need a
//! path. The path of the handle (`GetFinalPathNameByHandleW`) is only true until the directory, or one above it, is
//! renamed. Another directory may then have the path, and its files would be locked and removed. Such a path may also be
//! too long, or not exist, as on a volume without a drive letter.

use std::{
    fs::File,
    mem::offset_of,
    os::windows::io::{AsRawHandle, FromRawHandle},
    process, ptr,
    sync::atomic::{AtomicU32, Ordering},
};

use windows_sys::{
    Wdk::{
        Foundation::OBJECT_ATTRIBUTES,
        Storage::FileSystem::{
            FILE_BASIC_INFORMATION, FILE_CREATE, FILE_DIRECTORY_FILE, FILE_DISPOSITION_DELETE,
            FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE, FILE_DISPOSITION_INFORMATION,
            FILE_DISPOSITION_INFORMATION_EX, FILE_DISPOSITION_POSIX_SEMANTICS,
            FILE_INFORMATION_CLASS, FILE_LINK_INFORMATION, FILE_NON_DIRECTORY_FILE, FILE_OPEN,
            FILE_OPEN_REPARSE_POINT, FILE_SYNCHRONOUS_IO_NONALERT, FileBasicInformation,
            FileDispositionInformation, FileDispositionInformationEx, FileLinkInformation,
            FileRenameInformation, NTCREATEFILE_CREATE_DISPOSITION, NTCREATEFILE_CREATE_OPTIONS,
            NtCreateFile, NtSetInformationFile,
        },
    },
    Win32::{
        Foundation::{
            INVALID_HANDLE_VALUE, OBJ_CASE_INSENSITIVE, STATUS_ACCESS_DENIED, STATUS_CANNOT_DELETE,
            STATUS_FILE_IS_A_DIRECTORY, STATUS_NAME_TOO_LONG, STATUS_NOT_SUPPORTED,
            STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS, UNICODE_STRING,
        },
        Storage::FileSystem::{
            DELETE, FILE_ACCESS_RIGHTS, FILE_ATTRIBUTE_NORMAL, FILE_READ_ATTRIBUTES,
            FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_WRITE_ATTRIBUTES,
            SYNCHRONIZE,
        },
        System::IO::IO_STATUS_BLOCK,
    },
};

use super::{creation_time::stamp, status::Status};
use crate::{
    process::platform::{lacks_links, numbers_places},
    sys::patience,
};

/// Repeats an attempt for a moment while other processes block it.
fn patiently<T>(attempt: impl FnMut() -> Result<T, Status>) -> Result<T, Status> {
    patience::patiently(|status: &Status| status.passes(), attempt)
}

/// Opens a file in a directory, or a symbolic link itself. Other processes may open, rename and remove it.
pub(crate) fn open(
    directory: &File,
    name: &str,
    access: FILE_ACCESS_RIGHTS,
    options: NTCREATEFILE_CREATE_OPTIONS,
) -> Result<File, Status> {
    let name: Vec<u16> = name.encode_utf16().collect();
    patiently(|| open_once(directory, &name, access, FILE_OPEN, options))
}

#[allow(unsafe_code)]
fn open_once(
    directory: &File,
    name: &[u16],
    access: FILE_ACCESS_RIGHTS,
    disposition: NTCREATEFILE_CREATE_DISPOSITION,
    options: NTCREATEFILE_CREATE_OPTIONS,
) -> Result<File, Status> {
    let length = u16::try_from(size_of_val(name)).map_err(|_| Status(STATUS_NAME_TOO_LONG))?;
    let name = UNICODE_STRING {
        Length: length,
        MaximumLength: length,
        Buffer: name.as_ptr().cast_mut(),
    };
    let attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: directory.as_raw_handle(),
        ObjectName: &raw const name,
        // As everywhere in Win32; a directory that distinguishes upper from lower case still does.
        Attributes: OBJ_CASE_INSENSITIVE,
        SecurityDescriptor: ptr::null(),
        SecurityQualityOfService: ptr::null(),
    };
    let mut handle = INVALID_HANDLE_VALUE;
    let mut told = IO_STATUS_BLOCK::default();
    // SAFETY: the directory's handle is open. The name and the attributes outlive the call, which only reads them.
    // There is room for both answers, and neither a size nor attributes beyond the usual are passed.
    let status = unsafe {
        NtCreateFile(
            &raw mut handle,
            access | SYNCHRONIZE | FILE_READ_ATTRIBUTES,
            &raw const attributes,
            &raw mut told,
            ptr::null(),
            FILE_ATTRIBUTE_NORMAL,
            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
            disposition,
            options | FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT,
            ptr::null(),
            0,
        )
    };
    match status {
        // SAFETY: the handle is new, and not owned elsewhere.
        STATUS_SUCCESS => Ok(unsafe { File::from_raw_handle(handle) }),
        status => Err(Status(status)),
    }
}

/// Makes a file that must not exist. Where no number distinguishes it from others, it gets a creation time that does.
pub(crate) fn create(
    directory: &File,
    name: &str,
    access: FILE_ACCESS_RIGHTS,
) -> Result<File, Status> {
    let units: Vec<u16> = name.encode_utf16().collect();
    let options = FILE_NON_DIRECTORY_FILE;
    let file = patiently(|| open_once(directory, &units, access, FILE_CREATE, options))?;
    if numbers_places(&file)
        && let Err(status) = date(&file, stamp())
    {
        // The caller knows of no file then. If the file cannot be removed either, that adds nothing.
        let _ = remove(directory, name);
        return Err(status);
    }
    Ok(file)
}

/// Gives a file a further name that is free, in the same directory or another.
pub(crate) fn link(directory: &File, file: &str, to: &File, name: &str) -> Result<(), Status> {
    let file = open(directory, file, FILE_WRITE_ATTRIBUTES, 0)?;
    let beside = ptr::eq(directory, to);
    let linked = patiently(|| name_it(&file, to, beside, name, FileLinkInformation));
    linked.map_err(|status| match status {
        // Some systems report this instead of a missing feature.
        Status(STATUS_ACCESS_DENIED) if lacks_links(&file) => Status(STATUS_NOT_SUPPORTED),
        status => status,
    })
}

/// Gives a file a name that is free, instead of its own name or beside it. `here` means that the directory is its own.
///
/// For a name in the file's own directory, systems also accept a name without a handle. Servers do not support handles.
fn name_it(
    file: &File,
    to: &File,
    here: bool,
    name: &str,
    class: FILE_INFORMATION_CLASS,
) -> Result<(), Status> {
    match name_it_in(file, Some(to), name, class) {
        Err(status) if here && status.is_of_the_unknown() => {
            name_it_in(file, None, name, class).or(Err(status))
        }
        named => named,
    }
}

#[allow(unsafe_code)]
fn name_it_in(
    file: &File,
    to: Option<&File>,
    name: &str,
    class: FILE_INFORMATION_CLASS,
) -> Result<(), Status> {
    let name: Vec<u16> = name.encode_utf16().collect();
    let bytes = size_of_val(&name[..]);
    let too_long = |_| Status(STATUS_NAME_TOO_LONG);
    let length = u32::try_from(bytes).map_err(too_long)?;
    let size = size_of::<FILE_LINK_INFORMATION>() + bytes;
    // Of words, so that it has the alignment of the structure at its start.
    let mut room = vec![0_u64; size.div_ceil(size_of::<u64>())];
    let information = room.as_mut_ptr().cast::<FILE_LINK_INFORMATION>();
    // SAFETY: there is room for the structure, and for the name behind it, which begins inside the structure. The rest
    // is zero, which means that nothing is replaced.
    unsafe {
        (*information).RootDirectory = to.map_or(ptr::null_mut(), File::as_raw_handle);
        (*information).FileNameLength = length;
        let start = information.byte_add(offset_of!(FILE_LINK_INFORMATION, FileName));
        ptr::copy_nonoverlapping(name.as_ptr(), start.cast(), name.len());
    }
    // SAFETY: both classes that this is called for have this structure, and the directory is open.
    unsafe { set(file, class, &room[..]) }
}

/// Removes a name of a file, or of a symbolic link: at once, also while other processes have it open.
pub(crate) fn remove(directory: &File, name: &str) -> Result<(), Status> {
    match remove_at_once(directory, name) {
        Err(status) if status.is_of_the_unknown() => remove_from_elsewhere(directory, name),
        Err(Status(STATUS_FILE_IS_A_DIRECTORY)) => remove_link(directory, name),
        removed => removed,
    }
}

fn remove_at_once(directory: &File, name: &str) -> Result<(), Status> {
    let file = open(directory, name, DELETE, FILE_NON_DIRECTORY_FILE)?;
    dispose_at_once(&file)
}

#[allow(unsafe_code)]
fn dispose_at_once(file: &File) -> Result<(), Status> {
    let information = FILE_DISPOSITION_INFORMATION_EX {
        Flags: FILE_DISPOSITION_DELETE
            | FILE_DISPOSITION_POSIX_SEMANTICS
            | FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE,
    };
    // SAFETY: the information is of its class.
    unsafe { set(file, FileDispositionInformationEx, &information) }
}

#[allow(unsafe_code)]
fn dispose(file: &File) -> Result<(), Status> {
    let information = FILE_DISPOSITION_INFORMATION { DeleteFile: true };
    // SAFETY: the information is of its class.
    unsafe { set(file, FileDispositionInformation, &information) }
}

/// Removes a symbolic link to a directory, or a junction. The handle that was examined is the one that is removed: a
/// directory that gets the name meanwhile stays.
fn remove_link(directory: &File, name: &str) -> Result<(), Status> {
    let link = open(directory, name, DELETE, FILE_DIRECTORY_FILE)?;
    if !is_link(&link) {
        return Err(Status(STATUS_FILE_IS_A_DIRECTORY));
    }
    match dispose_at_once(&link) {
        Err(status) if status.is_of_the_unknown() => dispose(&link),
        removed => removed,
    }
}

/// Returns whether an open file is a symbolic link, or another name for something elsewhere.
pub(crate) fn is_link(file: &File) -> bool {
    file.metadata().is_ok_and(|it| it.file_type().is_symlink())
}

/// Removes a name where it would disappear only when the last process closes the file, as on FAT. The file first gets
/// another name, which disappears then.
fn remove_from_elsewhere(directory: &File, name: &str) -> Result<(), Status> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let file = open(directory, name, DELETE, FILE_NON_DIRECTORY_FILE)?;
    let elsewhere = loop {
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let elsewhere = format!(".lockhost-{}-{nth}.removed", process::id());
        let rename = || name_it(&file, directory, true, &elsewhere, FileRenameInformation);
        match patiently(rename) {
            // Left by a process that had this number and ended at this point.
            Err(Status(STATUS_OBJECT_NAME_COLLISION)) => {}
            Err(status) => return Err(status),
            Ok(()) => break elsewhere,
        }
    };
    match dispose(&file) {
        Err(Status(STATUS_CANNOT_DELETE)) => {
            permit_removal(directory, &elsewhere)?;
            dispose(&file)
        }
        gone => gone,
    }
}

/// Removes a file's read-only attribute: on other systems, too, it does not protect the file's names.
#[allow(unsafe_code)]
fn permit_removal(directory: &File, name: &str) -> Result<(), Status> {
    let access = FILE_WRITE_ATTRIBUTES;
    let file = open(directory, name, access, FILE_NON_DIRECTORY_FILE)?;
    // Its times are not changed.
    let information = FILE_BASIC_INFORMATION {
        FileAttributes: FILE_ATTRIBUTE_NORMAL,
        ..FILE_BASIC_INFORMATION::default()
    };
    // SAFETY: the information is of its class.
    unsafe { set(&file, FileBasicInformation, &information) }
}

/// Sets the creation time of a file.
#[allow(unsafe_code)]
fn date(file: &File, made: i64) -> Result<(), Status> {
    // Zero leaves a value as it is.
    let information = FILE_BASIC_INFORMATION {
        CreationTime: made,
        ..FILE_BASIC_INFORMATION::default()
    };
    // SAFETY: the information is of its class.
    unsafe { set(file, FileBasicInformation, &information) }
}

/// Changes a file's metadata.
///
/// # Safety
/// The information has the type that the system expects for this class.
#[allow(unsafe_code)]
unsafe fn set<T: ?Sized>(
    file: &File,
    class: FILE_INFORMATION_CLASS,
    information: &T,
) -> Result<(), Status> {
    let size = u32::try_from(size_of_val(information)).map_err(|_| Status(STATUS_NAME_TOO_LONG))?;
    let mut told = IO_STATUS_BLOCK::default();
    // SAFETY: the handle is open, the information is as long as passed, and there is room for the answer.
    let status = unsafe {
        NtSetInformationFile(
            file.as_raw_handle(),
            &raw mut told,
            ptr::from_ref(information).cast(),
            size,
            class,
        )
    };
    match status {
        STATUS_SUCCESS => Ok(()),
        status => Err(Status(status)),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
