//! A record of the files that get a name in a directory, by inotify(7).
//!
//! The kernel drops a report that equals the one before it. So the record also asks for reports of removed names: of
//! two files that get a name one after the other, the first one loses it in between. A file that is moved to the name
//! may replace another one without such a report. So it is not known then what happened.

use std::{
    ffi::{CStr, CString},
    fs::File,
    io,
    os::fd::AsRawFd,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use rustix::fs::inotify::{ReadFlags, WatchFlags};

use crate::lock::watch::platform::instance::{Instance, Listener, Shared, Watched};

/// The inotify instance of all records. Nothing waits for it, so changes in a directory wake no process.
static RECORDS: Shared = Mutex::new(Weak::new());

/// The files that get one name in one directory.
#[derive(Debug)]
pub(crate) struct Names {
    instance: Arc<Instance>,
    record: Arc<Record>,
    directory: Watched,
}

#[derive(Debug)]
struct Record {
    name: CString,
    files: AtomicU32,
    /// Some event was not reported, or none is reported any more.
    is_incomplete: AtomicBool,
}

impl Names {
    /// Starts to record events.
    ///
    /// # Errors
    /// If the directory may not be read, proc(5) is missing, or the user has no inotify instance to spare.
    pub(crate) fn record(directory: &File, name: &str) -> io::Result<Self> {
        let instance = Instance::of_this_process(&RECORDS)?;
        let record = Arc::new(Record {
            name: CString::new(name)?,
            files: AtomicU32::new(0),
            is_incomplete: AtomicBool::new(false),
        });
        // By its descriptor: the path may name another directory now.
        let open = format!("/proc/thread-self/fd/{}", directory.as_raw_fd());
        let events = WatchFlags::ONLYDIR
            | WatchFlags::MOVE_SELF
            | WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE;
        Ok(Self {
            directory: instance.add(open.as_ref(), events, &record)?,
            instance,
            record,
        })
    }

    /// Returns how many files got the name since the last call; `None` if that is not known.
    pub(crate) fn take(&self) -> Option<u32> {
        // In a child made by fork(2), the record is the parent's.
        if !self.instance.is_ours() {
            return None;
        }
        self.instance.hand_out(|| {
            let files = self.record.files.swap(0, Ordering::Relaxed);
            let is_incomplete = self.record.is_incomplete.swap(false, Ordering::Relaxed);
            (!is_incomplete).then_some(files)
        })
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        if self.instance.is_ours() {
            self.instance.remove(self.directory, &self.record);
        }
    }
}

impl Record {
    /// Returns whether a name may be this one: some directories ignore case.
    fn may_be(&self, name: &CStr) -> bool {
        let own = self.name.to_bytes();
        name.to_bytes().eq_ignore_ascii_case(own)
    }
}

impl Listener for Record {
    fn put(&self, events: ReadFlags, name: Option<&CStr>) {
        let is_its = name.is_some_and(|it| self.may_be(it));
        // If the directory was moved, its path may have named another one meanwhile.
        let gap = ReadFlags::QUEUE_OVERFLOW
            | ReadFlags::IGNORED
            | ReadFlags::UNMOUNT
            | ReadFlags::MOVE_SELF;
        if events.intersects(gap) || is_its && events.contains(ReadFlags::MOVED_TO) {
            self.is_incomplete.store(true, Ordering::Relaxed);
        }
        if is_its && events.contains(ReadFlags::CREATE) {
            self.files.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn record(directory: &Path) -> Names {
        Names::record(&File::open(directory).unwrap(), "a").unwrap()
    }

    #[test]
    fn each_file_that_gets_the_name_is_counted() {
        let place = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| place.path().join(name));
        fs::write(&a, "").unwrap();
        let names = record(place.path());
        assert_eq!(names.take(), Some(0));
        for _ in 0..2 {
            fs::remove_file(&a).unwrap();
            fs::write(&a, "").unwrap();
        }
        fs::remove_file(&a).unwrap();
        fs::write(&b, "").unwrap();
        fs::hard_link(&b, &a).unwrap();
        assert_eq!(names.take(), Some(3));
        fs::write(&b, "").unwrap();
        fs::remove_file(&a).unwrap();
        assert_eq!(names.take(), Some(0));
    }

    #[test]
    fn a_name_in_another_case_may_be_the_same() {
        let place = tempfile::tempdir().unwrap();
        let names = record(place.path());
        fs::write(place.path().join("A"), "").unwrap();
        fs::write(place.path().join("aa"), "").unwrap();
        assert_eq!(names.take(), Some(1));
    }

    #[test]
    fn what_was_not_reported_is_not_known() {
        let place = tempfile::tempdir().unwrap();
        let names = record(place.path());
        let longest = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        let files = [place.path().join("b"), place.path().join("c")];
        for nth in 0..longest.trim().parse::<usize>().unwrap() {
            fs::write(&files[nth % 2], "").unwrap();
            fs::remove_file(&files[nth % 2]).unwrap();
        }
        fs::write(place.path().join("a"), "").unwrap();
        assert_eq!(names.take(), None);
        assert_eq!(names.take(), Some(0), "it goes on");
    }

    #[test]
    fn what_was_moved_is_not_known() {
        let place = tempfile::tempdir().unwrap();
        let [data, old] = ["data", "old"].map(|name| place.path().join(name));
        fs::create_dir(&data).unwrap();
        let names = record(&data);
        fs::write(data.join("b"), "").unwrap();
        fs::rename(data.join("b"), data.join("a")).unwrap();
        assert_eq!(names.take(), None, "a file, to the name");
        fs::rename(&data, &old).unwrap();
        fs::rename(&old, &data).unwrap();
        assert_eq!(names.take(), None, "the directory, and back");
        assert_eq!(names.take(), Some(0));
    }

    #[test]
    fn a_directory_that_is_gone_is_not_known() {
        let place = tempfile::tempdir().unwrap();
        let names = record(place.path());
        place.close().unwrap();
        assert_eq!(names.take(), None);
    }

    #[test]
    fn two_records_of_a_directory_are_kept_apart() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (record(place.path()), record(place.path()));
        fs::write(place.path().join("a"), "").unwrap();
        assert_eq!(one.take(), Some(1));
        drop(one);
        assert_eq!(other.take(), Some(1));
    }
}
