//! Watches on Windows: change notifications of a directory, and handles of processes.
//!
//! It uses the system's calls, and not a crate for all systems (`notify`). That would start a thread for what one
//! handle in `WaitForMultipleObjects` does.

use std::{
    fs, io,
    mem::ManuallyDrop,
    os::windows::{
        ffi::OsStrExt,
        io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle},
    },
    path::Path,
    time::Duration,
};

use windows_sys::Win32::{
    Foundation::INVALID_HANDLE_VALUE,
    Storage::FileSystem::{
        FILE_NOTIFY_CHANGE_FILE_NAME, FindCloseChangeNotification, FindFirstChangeNotificationW,
        FindNextChangeNotification,
    },
    System::Threading::PROCESS_SYNCHRONIZE,
};

use crate::{
    process::platform,
    sys::{
        event::event,
        poll::{BorrowedDescriptor, OwnedDescriptor, await_any, borrow},
    },
};

/// A file that is watched by the names in its directory. Changes of other names also wake the waiter, for nothing.
#[derive(Debug)]
pub(crate) struct FileWatch {
    /// Never signalled: a waiter needs a handle before a file is watched.
    nothing: OwnedDescriptor,
    /// The notifications, and the directory's number: two directories that exist at once differ in it.
    changes: Option<(Changes, Option<(u64, u64)>)>,
}

impl FileWatch {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            nothing: event()?,
            changes: None,
        })
    }

    pub(crate) fn turn_to(&mut self, path: &Path) -> io::Result<bool> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let before = self.changes.take();
        let id = platform::file_id(&platform::open_directory(directory)?);
        if id.is_some() && before.as_ref().is_some_and(|(_, before)| *before == id) {
            self.changes = before;
            return Ok(false);
        }
        self.changes = Some((Changes::of_names_in(directory)?, id));
        Ok(true)
    }

    pub(crate) fn forget(&self) -> bool {
        let changes = self.changes.as_ref();
        changes.is_some_and(|(changes, _)| changes.forget())
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.changes
            .as_ref()
            .map_or(borrow(&self.nothing), |(changes, _)| changes.descriptor())
    }
}

/// The change notifications of a directory.
#[derive(Debug)]
struct Changes(ManuallyDrop<OwnedHandle>);

impl Changes {
    #[allow(unsafe_code)]
    fn of_names_in(directory: &Path) -> io::Result<Self> {
        // In the form without a length limit.
        let directory = fs::canonicalize(directory)?;
        let path: Vec<u16> = directory.as_os_str().encode_wide().chain([0]).collect();
        // SAFETY: the path ends with a zero, and outlives the call.
        let handle =
            unsafe { FindFirstChangeNotificationW(path.as_ptr(), 0, FILE_NOTIFY_CHANGE_FILE_NAME) };
        if handle == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new, and not owned elsewhere. It is never closed as others are.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Ok(Self(ManuallyDrop::new(handle)))
    }

    #[allow(unsafe_code)]
    fn forget(&self) -> bool {
        let told = await_any(&[self.descriptor()], Duration::ZERO);
        if told {
            // SAFETY: the handle is open, and is one of change notifications.
            unsafe { FindNextChangeNotification(self.0.as_raw_handle()) };
        }
        told
    }

    fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.0.as_handle()
    }
}

impl Drop for Changes {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the handle is open, is one of change notifications, and is neither used nor closed after this.
        unsafe { FindCloseChangeNotification(self.0.as_raw_handle()) };
    }
}

/// A process; signalled once it has ended with all its threads, and closed its files.
#[derive(Debug)]
pub(crate) struct ProcessWatch(OwnedHandle);

impl ProcessWatch {
    /// Watches the process of this number. Returns `None` if there is none, or if that cannot be known.
    pub(crate) fn new(pid: u32) -> Option<Self> {
        platform::open_process(pid, PROCESS_SYNCHRONIZE)
            .ok()
            .map(Self)
    }

    pub(crate) fn has_ended(&self) -> bool {
        await_any(&[self.descriptor()], Duration::ZERO)
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.0.as_handle()
    }
}
