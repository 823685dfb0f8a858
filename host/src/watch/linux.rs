//! inotify(7) on a file, pidfd_open(2) on processes.
//!
//! By rustix, which is here already, and not by a crate for all systems (`notify`), which starts a thread for what one
//! descriptor in poll(2) does.

use std::{
    io,
    mem::{self, MaybeUninit},
    path::Path,
    time::Duration,
};

use rustix::{
    fs::inotify::{self, CreateFlags, Reader, WatchFlags},
    process::{Pid, PidfdFlags, pidfd_open},
};

use crate::descriptor::{BorrowedDescriptor, OwnedDescriptor, await_any, borrow};

/// A file that is watched, with the directories of its path: these for being moved or removed alone, so what happens
/// in them wakes no process.
#[derive(Debug)]
pub(crate) struct FileWatch {
    inotify: OwnedDescriptor,
    /// What inotify(7) calls the watch on the file: a number that no later file gets, whatever its inode's is.
    file: Option<i32>,
    directories: Vec<i32>,
}

impl FileWatch {
    pub(crate) fn new() -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Self {
            inotify,
            file: None,
            directories: Vec::new(),
        })
    }

    pub(crate) fn turn_to(&mut self, path: &Path) -> io::Result<bool> {
        // A name removed, or given to another file, changes the number of the file's links, an attribute; an owner that
        // ends, however it does, closes what it wrote.
        let events = WatchFlags::ATTRIB
            | WatchFlags::MOVE_SELF
            | WatchFlags::DELETE_SELF
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::DONT_FOLLOW;
        let file = inotify::add_watch(&self.inotify, path, events);
        let before = mem::replace(&mut self.file, file.as_ref().ok().copied());
        if before == self.file {
            return file.map(|_| false).map_err(Into::into);
        }
        let directories = self.watch_directories(path);
        let directories = mem::replace(&mut self.directories, directories);
        for watch in before.into_iter().chain(directories) {
            if Some(watch) != self.file && !self.directories.contains(&watch) {
                // It may be gone by itself, with its file.
                let _ = inotify::remove_watch(&self.inotify, watch);
            }
        }
        // That they were removed is reported too. What else was is looked for after this: the file is another one.
        self.forget();
        file.map(|_| true).map_err(Into::into)
    }

    /// Watches those that can be: they have to be readable, and a symbolic link is watched as what it is. Where one is
    /// moved from further up, or another is mounted over it, nothing is reported.
    fn watch_directories(&self, path: &Path) -> Vec<i32> {
        let events = WatchFlags::MOVE_SELF | WatchFlags::DELETE_SELF | WatchFlags::DONT_FOLLOW;
        let directories = path.ancestors().skip(1);
        directories
            .filter(|directory| directory.file_name().is_some())
            .filter_map(|directory| inotify::add_watch(&self.inotify, directory, events).ok())
            .collect()
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
