//! The inotify(7) instances of this process: one for all of its watches, and one for all of its records.
//!
//! A user has 128 instances for all programs (`max_user_instances`), so a program that watches many locks uses one. All
//! watches read from it. A watch that reads the report of another one puts it into the other's [`Inbox`], whose bell is
//! readable then. Records have an instance of their own, since they must wake no process.

use std::{
    collections::HashMap,
    ffi::CStr,
    fmt, io,
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rustix::{
    event::{EventfdFlags, eventfd},
    fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags},
    io::Errno,
};

use crate::process::{fork, number::Number, platform};

/// The number of instances that must be free beyond the one that this process takes. If fewer are free, they are left
/// to programs that need them, and the lock is checked once a second.
const SPARE: usize = 16;

/// The number that inotify(7) gives a watch on a file. No later file gets it, whatever its inode is.
pub(in crate::lock::watch) type Watched = i32;

type Listeners = HashMap<Watched, Vec<Arc<dyn Listener>>>;

/// An instance that this process has while anything reads from it.
pub(in crate::lock::watch) type Shared = Mutex<Weak<Instance>>;

/// The maximum number of tries of a thread to lock one. A thread of the parent may have held it at the fork(2).
const TRIES: usize = 10_000;

/// A receiver of the reports on a file. Called under the lock of [`Instance::readers`] alone.
pub(in crate::lock::watch) trait Listener: fmt::Debug + Send + Sync {
    /// Takes one report in. `name` is that of a file in the directory that is watched.
    fn put(&self, events: ReadFlags, name: Option<&CStr>);
}

#[derive(Debug)]
pub(in crate::lock::watch) struct Instance {
    inotify: OwnedFd,
    /// A child made by fork(2) shares the open file, and would take its parent's reports away.
    maker: Number,
    /// The readers of each watch.
    readers: Mutex<Listeners>,
}

impl Instance {
    /// Returns the instance that this process shares, and makes it if there is none.
    ///
    /// # Errors
    /// If the user has no instance left, or only the last few.
    pub(in crate::lock::watch) fn of_this_process(
        shared: &'static Shared,
    ) -> io::Result<Arc<Self>> {
        if let Some(instance) = Self::shared_one(shared, None)? {
            return Ok(instance);
        }
        // Made while no other thread has to wait: the kernel takes milliseconds to close the spare ones.
        let made = Arc::new(Self::new()?);
        Ok(Self::shared_one(shared, Some(&made))?.unwrap_or(made))
    }

    /// Returns the instance that this process shares, which is `made` from now on if there is none.
    fn shared_one(
        shared: &'static Shared,
        made: Option<&Arc<Self>>,
    ) -> io::Result<Option<Arc<Self>>> {
        let mut shared = lock(shared).ok_or(io::ErrorKind::WouldBlock)?;
        if let Some(instance) = shared.upgrade().filter(|it| it.is_ours()) {
            return Ok(Some(instance));
        }
        if let Some(made) = made {
            *shared = Arc::downgrade(made);
        }
        Ok(None)
    }

    fn new() -> io::Result<Self> {
        let make = || inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK);
        let inotify = make()?;
        let spare: Result<Vec<_>, _> = (0..SPARE).map(|_| make()).collect();
        drop(spare?);
        Ok(Self {
            inotify,
            maker: platform::number(),
            readers: Mutex::default(),
        })
    }

    /// Returns whether this process made it.
    pub(in crate::lock::watch) fn is_ours(&self) -> bool {
        fork::is_still(self.maker)
    }

    fn readers(&self) -> MutexGuard<'_, Listeners> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches a file for a reader, also if others watch it already.
    pub(in crate::lock::watch) fn add<L: Listener + 'static>(
        &self,
        path: &Path,
        events: WatchFlags,
        reader: &Arc<L>,
    ) -> io::Result<Watched> {
        // Held over both, so that no other reader removes the watch in between.
        let mut readers = self.readers();
        let watched = inotify::add_watch(&self.inotify, path, events | WatchFlags::MASK_ADD)?;
        let readers = readers.entry(watched).or_default();
        if !readers.iter().any(|it| is_same(it, reader)) {
            readers.push(Arc::<L>::clone(reader));
        }
        Ok(watched)
    }

    /// Removes a reader from a watch. The last reader removes the watch as well.
    pub(in crate::lock::watch) fn remove<L: Listener>(&self, watched: Watched, reader: &Arc<L>) {
        let mut readers = self.readers();
        let Some(of_it) = readers.get_mut(&watched) else {
            return;
        };
        of_it.retain(|it| !is_same(it, reader));
        if of_it.is_empty() {
            readers.remove(&watched);
            // The watch may be gone already, with its file.
            let _ = inotify::remove_watch(&self.inotify, watched);
        }
    }

    /// Hands out all reports, and calls `then` before more are handed out.
    pub(in crate::lock::watch) fn hand_out<T>(&self, then: impl FnOnce() -> T) -> T {
        let mut readers = self.readers();
        let miss = |readers: &Listeners| {
            let all = readers.values().flatten();
            all.for_each(|it| it.put(ReadFlags::QUEUE_OVERFLOW, None));
        };
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        loop {
            let event = match events.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => continue,
                // A report that cannot be read stays in front of all others.
                Err(_) => {
                    miss(&readers);
                    break;
                }
            };
            let (flags, name) = (event.events(), event.file_name());
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                // A report for any of them may be missing.
                miss(&readers);
            }
            let of_it = readers.get(&event.wd());
            of_it
                .into_iter()
                .flatten()
                .for_each(|it| it.put(flags, name));
            if flags.contains(ReadFlags::IGNORED) {
                readers.remove(&event.wd());
            }
        }
        then()
    }

    /// Hands out all reports, and empties one inbox. Returns whether the inbox was full.
    pub(super) fn collect(&self, inbox: &Inbox) -> bool {
        self.hand_out(|| inbox.empty())
    }
}

fn is_same<L>(one: &Arc<dyn Listener>, other: &Arc<L>) -> bool {
    ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

impl AsFd for Instance {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

/// Locks what this process shares. Returns `None` if another thread keeps it locked: a thread of the parent process,
/// which called fork(2) meanwhile.
fn lock(shared: &'static Shared) -> Option<MutexGuard<'static, Weak<Instance>>> {
    (0..TRIES).find_map(|_| match shared.try_lock() {
        Ok(shared) => Some(shared),
        Err(TryLockError::Poisoned(shared)) => Some(shared.into_inner()),
        Err(TryLockError::WouldBlock) => {
            thread::yield_now();
            None
        }
    })
}

/// A flag that something was reported to a reader, which has not handled it yet. Changed only under the lock of
/// [`Instance::readers`].
#[derive(Debug)]
pub(super) struct Inbox {
    is_full: AtomicBool,
    /// Readable while it is full: eventfd(2).
    bell: OwnedFd,
}

impl Inbox {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            is_full: AtomicBool::new(false),
            bell: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    fn empty(&self) -> bool {
        let was_full = self.is_full.swap(false, Ordering::Relaxed);
        if was_full {
            let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        }
        was_full
    }
}

impl Listener for Inbox {
    fn put(&self, _events: ReadFlags, _name: Option<&CStr>) {
        if !self.is_full.swap(true, Ordering::Relaxed) {
            // The counter has room for one more.
            let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
        }
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}
