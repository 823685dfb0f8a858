//! Notifications on Windows: handles, which are signalled, and `WaitForMultipleObjects`.

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

/// The maximum number of handles that the system waits for at once: `MAXIMUM_WAIT_OBJECTS`.
const MOST: usize = 64;

/// A notification that can be waited for beside others. On Unix it is a descriptor, which becomes readable when there
/// is something to check, for poll(2). On Windows it is a handle, which is signalled then, for
/// `WaitForMultipleObjects`. [`Watch`](crate::Watch) has an example.
pub type BorrowedDescriptor<'a> = BorrowedHandle<'a>;

/// A notification that is owned.
pub(crate) type OwnedDescriptor = OwnedHandle;

/// Borrows a notification, to wait for it.
pub(crate) fn borrow(descriptor: &OwnedDescriptor) -> BorrowedDescriptor<'_> {
    descriptor.as_handle()
}

/// Waits until one of them is signalled, or the time is up. Returns whether one is signalled. Only the first [`MOST`]
/// count; there are never as many.
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
    // SAFETY: the count is right, and the handles are open for as long as they are borrowed.
    let told = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, milliseconds(limit)) };
    (WAIT_OBJECT_0..WAIT_OBJECT_0 + count).contains(&told)
}

/// Returns the time in milliseconds, rounded up: a wait of less than one would otherwise become a busy loop. A time
/// that is too long for the system means for ever.
fn milliseconds(limit: Duration) -> u32 {
    let rounded = limit.as_nanos().div_ceil(1_000_000);
    u32::try_from(rounded).unwrap_or(INFINITE)
}

/// One end of a notification: another thread can wait until this end is dropped.
#[derive(Debug)]
pub(crate) struct Tie(OwnedHandle);

/// Returns a tie, and the handle that is signalled once the tie is dropped.
///
/// # Errors
/// If the system has no resources for it.
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
