//! Notifications that a lock file may have changed.

use std::{io, path::Path};

use crate::sys::poll::BorrowedDescriptor;

#[cfg_attr(kernel = "linux", path = "watch/linux.rs")]
#[cfg_attr(kernel = "macos", path = "watch/macos.rs")]
#[cfg_attr(kernel = "windows", path = "watch/windows.rs")]
#[cfg_attr(kernel = "posix", path = "watch/unknown.rs")]
pub(crate) mod platform;

#[cfg_attr(kernel = "linux", path = "watch/names/linux.rs")]
#[cfg_attr(not(kernel = "linux"), path = "watch/names/elsewhere.rs")]
mod names;

pub(crate) use self::names::Names;

/// A descriptor that becomes readable when something has happened to a lock file: the file, or a directory of its path,
/// may have been removed, replaced or moved. It is time to check [`Lock::still_held`](crate::Lock::still_held) then.
/// Most events are harmless, and some concern the files of other watches of this process.
///
/// It can be polled beside other descriptors with poll(2), or in an event loop. On Unix it is `AsFd` and `AsRawFd`; on
/// Windows it is `AsHandle` and `AsRawHandle`, of a handle that is signalled. Before that, [`forget`](Self::forget)
/// what has happened already, and check.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// use rustix::event::{PollFd, PollFlags, poll};
///
/// let lock = lockhost::acquire(data.path())?;
/// if let Some(watch) = lock.watch() {
///     watch.forget();
///     assert!(lock.still_held()?);
///     // A person removes it by hand.
///     std::fs::remove_file(lock.path())?;
///     poll(&mut [PollFd::new(&watch, PollFlags::IN)], None)?;
///     watch.forget();
///     assert!(!lock.still_held()?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// In tokio, wait for it with `AsyncFd`:
///
/// ```
/// # #[cfg(unix)]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
/// # runtime.block_on(async {
/// use tokio::io::{Interest, unix::AsyncFd};
///
/// let lock = lockhost::acquire_async(data.path()).await?;
/// if let Some(watch) = lock.watch() {
///     let watch = AsyncFd::with_interest(watch, Interest::READABLE)?;
///     watch.get_ref().forget();
///     assert!(lock.still_held()?);
///     // Another process removes it.
///     std::fs::remove_file(lock.path())?;
///     while lock.still_held()? {
///         watch.readable().await?.clear_ready();
///         // Before the next look, so that what happens after it is reported.
///         watch.get_ref().forget();
///     }
/// }
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })
/// # }
/// # #[cfg(not(unix))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Watch(platform::FileWatch);

impl Watch {
    /// Returns a watch that watches nothing yet.
    pub(crate) fn new() -> io::Result<Self> {
        platform::FileWatch::new().map(Self)
    }

    /// Watches only the file that has this absolute path now. Returns whether it is another file than before: then what
    /// happened before this call is not reported.
    pub(crate) fn turn_to(&mut self, path: &Path) -> io::Result<bool> {
        self.0.turn_to(path)
    }

    /// Makes the descriptor unreadable until something happens again. Returns whether something had happened. In a
    /// child made by fork(2) the watch is the parent's, and this takes nothing from it.
    pub fn forget(&self) -> bool {
        self.0.forget()
    }

    /// Returns the descriptor that `AsFd` or `AsHandle` gives. [`Watch`] has an example of the first.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.0.descriptor()
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for Watch {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.descriptor()
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for Watch {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        std::os::fd::AsFd::as_fd(self).as_raw_fd()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsRawHandle for Watch {
    fn as_raw_handle(&self) -> std::os::windows::io::RawHandle {
        std::os::windows::io::AsHandle::as_handle(self).as_raw_handle()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsHandle for Watch {
    fn as_handle(&self) -> std::os::windows::io::BorrowedHandle<'_> {
        self.descriptor()
    }
}
