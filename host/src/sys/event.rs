//! Events on Windows. The program shares this file.

use std::{
    io,
    os::windows::io::{FromRawHandle, OwnedHandle},
    ptr,
};

use windows_sys::Win32::System::Threading::CreateEventW;

/// Returns an event that is not signalled, and that stays signalled once it is.
///
/// # Errors
/// If the system has no resources for it.
#[allow(unsafe_code)]
pub(crate) fn event() -> io::Result<OwnedHandle> {
    // SAFETY: no attributes and no name are passed.
    let event = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
    if event.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is new, and not owned elsewhere.
    Ok(unsafe { OwnedHandle::from_raw_handle(event) })
}
