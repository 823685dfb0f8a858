//! Where a file lies: on a volume that this system alone has, or where others may have it as well.

use std::{fs::File, os::windows::io::AsRawHandle, ptr};

use windows_sys::{
    Wdk::{
        Storage::FileSystem::{FileFsDeviceInformation, NtQueryVolumeInformationFile},
        System::SystemServices::{
            FILE_FS_DEVICE_INFORMATION, FILE_REMOTE_DEVICE, FILE_REMOTE_DEVICE_VSMB,
        },
    },
    Win32::{
        Foundation::STATUS_SUCCESS, Storage::FileSystem::GetVolumeInformationByHandleW,
        System::IO::IO_STATUS_BLOCK,
    },
};

/// The file systems that one system mounts at a time, by their names. What stands for something else, as a cluster's volume
/// or a program's, has a name of its own.
const SINGLE_SYSTEM: [&str; 5] = ["NTFS", "ReFS", "FAT", "FAT32", "exFAT"];

/// Whether the processes that can have a file open are those of this system's list. Not so if another machine has the
/// volume, or may have: it knows processes of its own, under the same numbers.
pub(super) fn is_this_systems(file: &File) -> bool {
    is_attached(file) && name(file).is_some_and(|name| SINGLE_SYSTEM.contains(&&*name))
}

/// Whether it is on a device of this machine. What cannot be told is not.
#[allow(unsafe_code)]
fn is_attached(file: &File) -> bool {
    let mut told = IO_STATUS_BLOCK::default();
    let mut device = FILE_FS_DEVICE_INFORMATION::default();
    // SAFETY: the handle is open, and there is as much room for the answer as is said.
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

/// What the system calls the file system.
#[allow(unsafe_code)]
fn name(file: &File) -> Option<String> {
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
    String::from_utf16(&name[..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_lie_on_this_systems_volume() {
        assert!(is_this_systems(&tempfile::tempfile().unwrap()));
    }

    #[test]
    fn what_is_on_no_volume_is_not_this_systems() {
        assert!(!is_this_systems(&File::open("NUL").unwrap()));
    }
}
