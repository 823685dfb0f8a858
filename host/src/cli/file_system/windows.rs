//! What Windows calls file systems.

use std::{
    fs::OpenOptions,
    os::windows::{fs::OpenOptionsExt, io::AsRawHandle},
    path::Path,
    ptr,
};

use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, GetVolumeInformationByHandleW,
};

/// The type of the file system that a path is on, as the system names it (`NTFS`, `FAT32`); `None` where nothing is to be
/// had. One on another machine is called as that machine calls it.
#[allow(unsafe_code)]
pub(crate) fn name(path: &Path) -> Option<String> {
    let mut options = OpenOptions::new();
    // Nothing is to be read, so that it need not be allowed; without the flag no directory is opened.
    options
        .access_mode(0)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    let file = options.open(path).ok()?;
    let mut name = [0_u16; 64];
    let length = u32::try_from(name.len()).ok()?;
    // SAFETY: the handle is open, there is as much room for the name as is said, and nothing else is asked for.
    let told = unsafe {
        GetVolumeInformationByHandleW(
            file.as_raw_handle(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            name.as_mut_ptr(),
            length,
        )
    };
    if told == 0 {
        return None;
    }
    let end = name.iter().position(|unit| *unit == 0)?;
    Some(String::from_utf16_lossy(&name[..end]))
}

/// What is not known of the owners of locks, if that is worth a warning: a clause. An owner that may be judged says which
/// installation it is of.
pub(crate) fn limit(identity: &str) -> Option<&'static str> {
    let is_judged = identity.split('-').any(|part| part.starts_with('b'));
    (!is_judged).then_some(
        "other machines may have it as well, so owners cannot be judged, and are never taken over from without a person",
    )
}

/// How locks are judged by their owners' identities: what follows "identities:".
pub(crate) const BY_IDENTITY: &str = "right among the processes of this installation of Windows, also after a reboot; from \
                                      other machines and containers they are never taken over";
