//! The volume of a file: one that only this system uses, or one that other systems may use as well.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::windows::{ffi::OsStringExt, io::AsRawHandle},
    path::{Component, Path, PathBuf, Prefix},
};

use windows_sys::{
    Wdk::{
        Storage::FileSystem::{FileFsDeviceInformation, NtQueryVolumeInformationFile},
        System::SystemServices::{
            FILE_FS_DEVICE_INFORMATION, FILE_REMOTE_DEVICE, FILE_REMOTE_DEVICE_VSMB,
        },
    },
    Win32::{
        Foundation::STATUS_SUCCESS,
        Storage::FileSystem::{FILE_NAME_NORMALIZED, GetFinalPathNameByHandleW, VOLUME_NAME_DOS},
        System::IO::IO_STATUS_BLOCK,
        System::SystemServices::FILE_SUPPORTS_HARD_LINKS,
    },
};

use crate::sys::volume::about;

/// The file systems that one system mounts at a time, by their names. A stand-in, such as a cluster's volume or a
/// program's, has a name of its own.
const SINGLE_SYSTEM: [&str; 5] = ["NTFS", "ReFS", "FAT", "FAT32", "exFAT"];

/// Returns whether all processes that can have a file open are in this system's list. That is not so if another machine
/// uses the volume, or may use it: it has processes of its own, under the same numbers.
pub(super) fn is_this_systems(file: &File) -> bool {
    is_attached(file)
        && about(file).is_some_and(|(name, _)| SINGLE_SYSTEM.contains(&&*name))
        && !path_of(file).is_ok_and(|path| is_a_servers(&path))
}

/// Returns whether a path begins with the name of a server. That of a mapped drive does too, where the system shows it.
fn is_a_servers(path: &Path) -> bool {
    let Some(Component::Prefix(prefix)) = path.components().next() else {
        return false;
    };
    matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
}

/// Returns whether a file is on a device of this machine; `false` if that cannot be known.
#[allow(unsafe_code)]
fn is_attached(file: &File) -> bool {
    let mut told = IO_STATUS_BLOCK::default();
    let mut device = FILE_FS_DEVICE_INFORMATION::default();
    // SAFETY: the handle is open, and the answer has the room that is passed.
    let status = unsafe {
        NtQueryVolumeInformationFile(
            file.as_raw_handle(),
            &raw mut told,
            (&raw mut device).cast(),
            size_of::<FILE_FS_DEVICE_INFORMATION>() as u32,
            FileFsDeviceInformation,
        )
    };
    let remote = FILE_REMOTE_DEVICE | FILE_REMOTE_DEVICE_VSMB;
    status == STATUS_SUCCESS && device.Characteristics & remote == 0
}

/// Returns whether its file system reports its features, and hard links are not among them.
pub(crate) fn lacks_links(file: &File) -> bool {
    about(file).is_some_and(|(_, flags)| flags & FILE_SUPPORTS_HARD_LINKS == 0)
}

/// The file systems, by their names, on which a file's number is the place of its name in the directory, or that of its
/// content. Once the name is removed, another file may have the number while the first one is still open.
const NUMBERED_BY_PLACE: [&str; 5] = ["FAT", "FAT12", "FAT16", "FAT32", "exFAT"];

/// Returns whether a file's number alone does not distinguish it from others.
pub(crate) fn numbers_places(file: &File) -> bool {
    about(file).is_some_and(|(name, _)| NUMBERED_BY_PLACE.contains(&&*name))
}

/// Returns the path that leads to an open file from everywhere on this machine, in the form without a length limit.
///
/// # Errors
/// If there is none, as the file was removed.
#[allow(unsafe_code)]
fn path_of(file: &File) -> io::Result<PathBuf> {
    let mut path = vec![0_u16; 512];
    loop {
        let room = u32::try_from(path.len()).map_err(io::Error::other)?;
        let flags = FILE_NAME_NORMALIZED | VOLUME_NAME_DOS;
        // SAFETY: the handle is open, and the path has the room that is passed.
        let length = unsafe {
            GetFinalPathNameByHandleW(file.as_raw_handle(), path.as_mut_ptr(), room, flags)
        };
        match usize::try_from(length).map_err(io::Error::other)? {
            0 => return Err(io::Error::last_os_error()),
            length if length < path.len() => {
                return Ok(OsString::from_wide(&path[..length]).into());
            }
            needed => path.resize(needed + 1, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_lie_on_this_systems_volume() {
        assert!(is_this_systems(&tempfile::tempfile().unwrap()));
    }

    #[test]
    fn what_has_a_servers_name_in_its_path_is_not() {
        for path in [r"\\server\share\data", r"\\?\UNC\server\share\data"] {
            assert!(is_a_servers(Path::new(path)), "{path}");
        }
        for path in [r"C:\data", r"\\?\C:\data", r"UNC\data"] {
            assert!(!is_a_servers(Path::new(path)), "{path}");
        }
    }
}
