//! Facts from Windows about the volume of a file. The program shares this file.

use std::{fs::File, os::windows::io::AsRawHandle, ptr};

use windows_sys::Win32::Storage::FileSystem::GetVolumeInformationByHandleW;

/// Returns the name of the file system, and its flags.
#[allow(unsafe_code)]
pub(crate) fn about(file: &File) -> Option<(String, u32)> {
    let mut name = [0_u16; 64];
    let length = u32::try_from(name.len()).ok()?;
    let mut flags = 0;
    // SAFETY: the handle is open, there is room for the flags and as much as passed for the name, and nothing else is
    // requested.
    let told = unsafe {
        GetVolumeInformationByHandleW(
            file.as_raw_handle(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut flags,
            name.as_mut_ptr(),
            length,
        )
    };
    if told == 0 {
        return None;
    }
    let end = name.iter().position(|unit| *unit == 0)?;
    Some((String::from_utf16_lossy(&name[..end]), flags))
}
