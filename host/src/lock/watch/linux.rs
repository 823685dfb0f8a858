//! Watches on Linux: inotify(7) on files, pidfd_open(2) on processes.
//!
//! It uses rustix, a dependency anyway, and not a crate for all systems (`notify`). That would start a thread for what
//! one descriptor in poll(2) does.

use std::{
    io, mem,
    path::Path,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use rustix::{
    event::epoll::{self, EventData, EventFlags},
    fs::inotify::WatchFlags,
    process::{Pid, PidfdFlags, pidfd_open},
};

use self::instance::{Inbox, Instance, Shared, Watched};
use crate::sys::poll::{BorrowedDescriptor, OwnedDescriptor, await_any, borrow};

pub(super) mod instance;

/// The inotify instance of all watches.
static WATCHES: Shared = Mutex::new(Weak::new());

/// A watched file, with the directories of its path. These are watched only for being moved or removed, so changes in
/// them wake no process.
#[derive(Debug)]
pub(crate) struct FileWatch {
    instance: Arc<Instance>,
    inbox: Arc<Inbox>,
    /// Readable while the instance or the inbox is: something was reported to any watch of this process, or to this one
    /// through another watch.
    either: OwnedDescriptor,
    file: Option<Watched>,
    directories: Vec<Watched>,
}

impl FileWatch {
    pub(crate) fn new() -> io::Result<Self> {
        let instance = Instance::of_this_process(&WATCHES)?;
        let inbox = Arc::new(Inbox::new()?);
        let either = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let data = EventData::new_u64(0);
        epoll::add(&either, &*instance, data, EventFlags::IN)?;
        epoll::add(&either, &*inbox, data, EventFlags::IN)?;
        Ok(Self {
            instance,
            inbox,
            either,
            file: None,
            directories: Vec::new(),
        })
    }

    pub(crate) fn turn_to(&mut self, path: &Path) -> io::Result<bool> {
        // If a name is removed, or given to another file, the file's number of links changes, which is an attribute. An
        // owner that ends, in any way, closes what it wrote.
        let events = WatchFlags::DONT_FOLLOW
            | WatchFlags::ATTRIB
            | WatchFlags::MOVE_SELF
            | WatchFlags::DELETE_SELF
            | WatchFlags::CLOSE_WRITE;
        let file = self.instance.add(path, events, &self.inbox);
        let before = mem::replace(&mut self.file, file.as_ref().ok().copied());
        if before == self.file {
            return file.map(|_| false);
        }
        let directories = self.watch_directories(path);
        let directories = mem::replace(&mut self.directories, directories);
        for watched in before.into_iter().chain(directories) {
            if Some(watched) != self.file && !self.directories.contains(&watched) {
                self.instance.remove(watched, &self.inbox);
            }
        }
        // The removal of the old watches is reported too. Other events are checked for after this: the file is another
        // one.
        self.forget();
        file.map(|_| true)
    }

    /// Watches the directories that can be watched. They have to be readable, and a symbolic link is not followed. If
    /// one is moved from further up, or another is mounted over it, nothing is reported.
    fn watch_directories(&self, path: &Path) -> Vec<Watched> {
        let events = WatchFlags::DONT_FOLLOW | WatchFlags::MOVE_SELF | WatchFlags::DELETE_SELF;
        let directories = path.ancestors().skip(1);
        directories
            .filter(|directory| directory.file_name().is_some())
            .filter_map(|directory| self.instance.add(directory, events, &self.inbox).ok())
            .collect()
    }

    /// Drains the reports. In a child made by fork(2), it takes nothing from the parent.
    pub(crate) fn forget(&self) -> bool {
        self.instance.is_ours() && self.instance.collect(&self.inbox)
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        borrow(&self.either)
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        // In a child made by fork(2), the watches are the parent's.
        if self.instance.is_ours() {
            for watched in self.file.iter().chain(&self.directories) {
                self.instance.remove(*watched, &self.inbox);
            }
        }
    }
}

/// A process; readable once it has ended with all its threads, and closed its files.
#[derive(Debug)]
pub(crate) struct ProcessWatch(OwnedDescriptor);

impl ProcessWatch {
    /// Watches the process of this number. Returns `None` if there is none, or if that cannot be known.
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn is_readable(watch: &FileWatch) -> bool {
        await_any(&[watch.descriptor()], Duration::ZERO)
    }

    fn watch(path: &Path) -> FileWatch {
        let mut watch = FileWatch::new().unwrap();
        assert!(watch.turn_to(path).unwrap());
        watch
    }

    #[test]
    fn all_watches_of_a_process_share_an_instance() {
        let place = tempfile::tempdir().unwrap();
        let files = ["a", "b", "c"].map(|name| place.path().join(name));
        let watches = files.each_ref().map(|file| {
            fs::write(file, "").unwrap();
            watch(file)
        });
        for other in &watches[1..] {
            assert!(Arc::ptr_eq(&watches[0].instance, &other.instance));
        }
    }

    #[test]
    fn a_report_is_handed_over_and_not_lost() {
        let place = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| place.path().join(name));
        fs::write(&a, "").unwrap();
        fs::write(&b, "").unwrap();
        let (one, other) = (watch(&a), watch(&b));
        // The removal of a watch is reported to the instance, but belongs to no watch.
        one.forget();
        other.forget();
        assert!(!is_readable(&other));
        fs::remove_file(&b).unwrap();
        assert!(is_readable(&other));
        assert!(!one.forget(), "it was not its file");
        assert!(is_readable(&other), "it is the other's to take");
        assert!(other.forget());
        assert!(!is_readable(&other) && !other.forget());
    }

    #[test]
    fn one_file_is_watched_by_several_until_the_last_is_dropped() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("a");
        fs::write(&file, "").unwrap();
        let (one, other) = (watch(&file), watch(&file));
        let third = watch(&file);
        drop(third);
        fs::remove_file(&file).unwrap();
        assert!(one.forget());
        assert!(other.forget());
    }

    #[test]
    fn a_file_of_the_same_name_is_another_one() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("a");
        fs::write(&file, "").unwrap();
        let mut one = watch(&file);
        assert!(!one.turn_to(&file).unwrap());
        fs::remove_file(&file).unwrap();
        fs::write(&file, "").unwrap();
        assert!(one.turn_to(&file).unwrap());
        fs::remove_file(&file).unwrap();
        assert!(one.forget());
    }
}
