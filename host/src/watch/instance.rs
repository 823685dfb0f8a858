//! The inotify(7) instance of this process, one for all of its watches.
//!
//! A user has 128 instances for all programs (`max_user_instances`), so a program that watches many locks takes one. All
//! watches read from it. A watch that reads the report of another one hands it over: it puts it into the other's [`Inbox`],
//! whose bell then is readable.

use std::{
    collections::HashMap,
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rustix::{
    event::{EventfdFlags, eventfd},
    fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags},
};

use crate::process::{self, Number, platform};

/// How many more instances have to be free, at the moment when this process takes one. Where fewer are, the last ones are
/// left to programs that cannot do without, and the lock is looked at once a second.
const SPARE: usize = 16;

/// What inotify(7) calls a watch on a file: a number that no later file gets, whatever its inode's is.
pub(super) type Watched = i32;

/// The instance that this process has, while anything is watched.
static INSTANCE: Mutex<Weak<Instance>> = Mutex::new(Weak::new());

/// How often a thread tries to look at [`INSTANCE`]. A thread of the parent's may have held it when fork(2) came.
const TRIES: usize = 10_000;

#[derive(Debug)]
pub(super) struct Instance {
    inotify: OwnedFd,
    /// A child made by fork(2) shares the open file, and would take its parent's reports away.
    maker: Number,
    /// Who is to hear of what.
    readers: Mutex<HashMap<Watched, Vec<Arc<Inbox>>>>,
}

impl Instance {
    /// Returns the instance of this process, made if there is none.
    ///
    /// # Errors
    /// If the user has no instance left, or only the last few.
    pub(super) fn of_this_process() -> io::Result<Arc<Self>> {
        if let Some(instance) = Self::shared_one(None)? {
            return Ok(instance);
        }
        // Made while no other thread has to wait: the kernel takes milliseconds to close the spare ones.
        let made = Arc::new(Self::new()?);
        Ok(Self::shared_one(Some(&made))?.unwrap_or(made))
    }

    /// Returns the instance that this process shares, which is `made` from now on if there is none.
    fn shared_one(made: Option<&Arc<Self>>) -> io::Result<Option<Arc<Self>>> {
        let mut shared = shared().ok_or(io::ErrorKind::WouldBlock)?;
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

    /// Whether this process made it.
    pub(super) fn is_ours(&self) -> bool {
        process::is_still(self.maker)
    }

    fn readers(&self) -> MutexGuard<'_, HashMap<Watched, Vec<Arc<Inbox>>>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches a file for a reader, also if others watch it already.
    pub(super) fn add(
        &self,
        path: &Path,
        events: WatchFlags,
        reader: &Arc<Inbox>,
    ) -> io::Result<Watched> {
        // Held over both, so that no other reader removes the watch in between.
        let mut readers = self.readers();
        let events = events | WatchFlags::DONT_FOLLOW | WatchFlags::MASK_ADD;
        let watched = inotify::add_watch(&self.inotify, path, events)?;
        let readers = readers.entry(watched).or_default();
        if !readers.iter().any(|it| Arc::ptr_eq(it, reader)) {
            readers.push(Arc::clone(reader));
        }
        Ok(watched)
    }

    /// Takes a reader from a watch. The last one takes the watch with it.
    pub(super) fn remove(&self, watched: Watched, reader: &Arc<Inbox>) {
        let mut readers = self.readers();
        let Some(of_it) = readers.get_mut(&watched) else {
            return;
        };
        of_it.retain(|it| !Arc::ptr_eq(it, reader));
        if of_it.is_empty() {
            readers.remove(&watched);
            // It may be gone by itself, with its file.
            let _ = inotify::remove_watch(&self.inotify, watched);
        }
    }

    /// Hands out all that was reported, and empties one inbox. Whether there was anything in it.
    pub(super) fn collect(&self, inbox: &Inbox) -> bool {
        let mut readers = self.readers();
        let mut buffer = [MaybeUninit::uninit(); 1024];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        while let Ok(event) = events.next() {
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                // Any of them may have been left out.
                readers.values().flatten().for_each(|it| it.put());
            }
            let of_it = readers.get(&event.wd());
            of_it.into_iter().flatten().for_each(|it| it.put());
            if event.events().contains(ReadFlags::IGNORED) {
                readers.remove(&event.wd());
            }
        }
        inbox.empty()
    }
}

impl AsFd for Instance {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

/// The instance of this process. `None` if another thread does not come to an end with it: one of a parent process, whose
/// fork(2) came in between.
fn shared() -> Option<MutexGuard<'static, Weak<Instance>>> {
    (0..TRIES).find_map(|_| match INSTANCE.try_lock() {
        Ok(shared) => Some(shared),
        Err(TryLockError::Poisoned(shared)) => Some(shared.into_inner()),
        Err(TryLockError::WouldBlock) => {
            thread::yield_now();
            None
        }
    })
}

/// That something was reported to a reader, which it has not taken note of. Changed under the lock of
/// [`Instance::readers`] alone.
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

    fn put(&self) {
        if !self.is_full.swap(true, Ordering::Relaxed) {
            // A counter takes a one.
            let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
        }
    }

    fn empty(&self) -> bool {
        let was_full = self.is_full.swap(false, Ordering::Relaxed);
        if was_full {
            let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        }
        was_full
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}
