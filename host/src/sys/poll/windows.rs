//! Handles, which are signalled, and `WaitForMultipleObjects`.

use std::{
    io,
    os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle},
    time::Duration,
};

use windows_sys::Win32::{
    Foundation::{HANDLE, WAIT_OBJECT_0},
    System::Threading::{INFINITE, SetEvent, WaitForMultipleObjects},
};

use crate::sys::event::event;

/// How many the system waits for at once: `MAXIMUM_WAIT_OBJECTS`.
const MOST: usize = 64;

/// What can be waited for beside other things of its kind: on Unix a descriptor, which becomes readable once there is
/// something to be looked at, for poll(2); on Windows a handle, which is signalled then, for `WaitForMultipleObjects`.
/// [`Watch`](crate::Watch) has an example.
pub type BorrowedDescriptor<'a> = BorrowedHandle<'a>;

/// The same, to keep.
pub(crate) type OwnedDescriptor = OwnedHandle;

/// To wait for.
pub(crate) fn borrow(descriptor: &OwnedDescriptor) -> BorrowedDescriptor<'_> {
    descriptor.as_handle()
}

/// Waits until one of them is signalled, or the time is up. Whether one is. The first [`MOST`] count; there
/// are never as many.
#[allow(unsafe_code)]
pub(crate) fn await_any(descriptors: &[BorrowedDescriptor<'_>], limit: Duration) -> bool {
    let handles = descriptors.iter().take(MOST);
    let handles: Vec<HANDLE> = handles.map(AsRawHandle::as_raw_handle).collect();
    let Ok(count) = u32::try_from(handles.len()) else {
        return false;
    };
    if count == 0 {
        std::thread::sleep(limit);
        return false;
    }
    // SAFETY: as many handles are given as there are, and they are open for as long as they are borrowed.
    let told = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, milliseconds(limit)) };
    (WAIT_OBJECT_0..WAIT_OBJECT_0 + count).contains(&told)
}

/// Rounded up, or who waits for less than one would ask again and again; what is too long for the system is for ever.
fn milliseconds(limit: Duration) -> u32 {
    let rounded = limit.as_nanos().div_ceil(1_000_000);
    u32::try_from(rounded).unwrap_or(INFINITE)
}

/// One end of something that another thread can wait for: that this one is dropped.
#[derive(Debug)]
pub(crate) struct Tie(OwnedHandle);

/// A tie, and what is signalled once it is dropped.
///
/// # Errors
/// If the system has no room for it.
pub(crate) fn tie() -> io::Result<(Tie, OwnedDescriptor)> {
    let event = event()?;
    Ok((Tie(event.try_clone()?), event))
}

impl Drop for Tie {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: it is an event, and open.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }
}
