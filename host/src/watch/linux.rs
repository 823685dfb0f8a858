//! inotify(7) on a file, pidfd_open(2) on processes.
//!
//! By rustix, which is here already, and not by a crate for all systems (`notify`), which starts a thread for what one
//! descriptor in poll(2) does.

use std::{io, mem::MaybeUninit, path::Path, time::Duration};

use rustix::{
    fs::inotify::{self, CreateFlags, Reader, WatchFlags},
    process::{Pid, PidfdFlags, pidfd_open},
};

use crate::descriptor::{BorrowedDescriptor, OwnedDescriptor, await_any, borrow};

/// A file that is watched, and no directory: whatever else happens beside it wakes nobody.
#[derive(Debug)]
pub(crate) struct FileWatch {
    inotify: OwnedDescriptor,
    file: Option<i32>,
}

impl FileWatch {
    pub(crate) fn new() -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Self {
            inotify,
            file: None,
        })
    }

    pub(crate) fn turn_to(&mut self, path: &Path) -> io::Result<()> {
        // A name removed, or given to another file, changes the number of the file's links, an attribute; an owner that
        // ends, however it does, closes what it wrote.
        let events = WatchFlags::ATTRIB
            | WatchFlags::MOVE_SELF
            | WatchFlags::DELETE_SELF
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::DONT_FOLLOW;
        let file = inotify::add_watch(&self.inotify, path, events)?;
        if let Some(before) = self.file.replace(file)
            && before != file
        {
            // It may be gone by itself, with its file.
            let _ = inotify::remove_watch(&self.inotify, before);
        }
        Ok(())
    }

    pub(crate) fn forget(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 1024];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        let mut any = false;
        while events.next().is_ok() {
            any = true;
        }
        any
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        borrow(&self.inotify)
    }
}

/// A process; readable once it has ended with all its threads, and closed its files.
#[derive(Debug)]
pub(crate) struct ProcessWatch(OwnedDescriptor);

impl ProcessWatch {
    /// `None` if there is none of this number, or that cannot be told.
    pub(crate) fn new(pid: u32) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        pidfd_open(pid, PidfdFlags::empty()).ok().map(Self)
    }

    pub(crate) fn has_ended(&self) -> bool {
        await_any(&[self.descriptor()], Duration::ZERO)
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        borrow(&self.0)
    }
}
