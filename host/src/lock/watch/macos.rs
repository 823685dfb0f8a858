//! Watches on macOS: kqueue(2) on a file, and on processes.
//!
//! kqueue(2) reports each name that a file gets or loses, and the end of an owner. It does not report a closed
//! descriptor, but each lock that is released with it. That includes the shared lock of a process that only probes the
//! file, so two waiters would wake each other for ever. So a waiter also polls.

use std::{
    io,
    mem::{ManuallyDrop, MaybeUninit},
    os::fd::AsRawFd,
    path::Path,
    ptr,
    time::Duration,
};

use rustix::{
    event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, VnodeEvents, kevent, kqueue},
    fs::{Dev, Mode, OFlags, fstat, open},
    io::{FdFlags, fcntl_setfd},
    process::Pid,
};

use crate::{
    process::{fork::is_still, number::Number, platform::number},
    sys::poll::{BorrowedDescriptor, OwnedDescriptor, await_any, borrow},
};

/// `O_EVTONLY`: nothing is read, and the file's volume can be unmounted.
const EVENTS_ONLY: OFlags = OFlags::from_bits_retain(libc::O_EVTONLY.cast_unsigned());

/// The device and the inode.
type FileId = (Dev, u64);

/// A queue of one kind of event. A child made by fork(2) has none: there its number may belong to another file.
#[derive(Debug)]
struct Queue {
    descriptor: ManuallyDrop<OwnedDescriptor>,
    maker: Number,
}

impl Queue {
    fn new() -> io::Result<Self> {
        let queue = kqueue()?;
        fcntl_setfd(&queue, FdFlags::CLOEXEC)?;
        Ok(Self {
            descriptor: ManuallyDrop::new(queue),
            maker: number(),
        })
    }

    #[allow(unsafe_code)]
    fn add(&self, filter: EventFilter) -> io::Result<()> {
        let event = Event::new(filter, EventFlags::ADD | EventFlags::CLEAR, ptr::null_mut());
        let none: &mut [MaybeUninit<Event>; 0] = &mut [];
        // SAFETY: a file in the filter is open, and when it is closed the kernel removes it from the queue.
        unsafe { kevent(&*self.descriptor, &[event], none, Some(Duration::ZERO)) }?;
        Ok(())
    }

    /// Takes the pending events out. Returns whether there were any.
    #[allow(unsafe_code)]
    fn drain(&self) -> bool {
        let mut events = [MaybeUninit::<Event>::uninit(); 4];
        // SAFETY: nothing is added.
        let told = unsafe { kevent(&*self.descriptor, &[], &mut events, Some(Duration::ZERO)) };
        told.is_ok_and(|(events, _)| !events.is_empty())
    }

    fn descriptor(&self) -> BorrowedDescriptor<'_> {
        borrow(&self.descriptor)
    }
}

impl Drop for Queue {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        if is_still(self.maker) {
            // SAFETY: it is not used any more.
            unsafe { ManuallyDrop::drop(&mut self.descriptor) };
        }
    }
}

/// A watched file, without its directory: other changes in the directory wake no process.
#[derive(Debug)]
pub(crate) struct FileWatch {
    queue: Queue,
    /// While it is open, it is in the queue, and no other file has its number.
    file: Option<(OwnedDescriptor, FileId)>,
}

impl FileWatch {
    pub(crate) fn new() -> io::Result<Self> {
        let queue = Queue::new()?;
        Ok(Self { queue, file: None })
    }

    pub(crate) fn turn_to(&mut self, path: &Path) -> io::Result<bool> {
        let before = self.file.take();
        let flags = EVENTS_ONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open(path, flags, Mode::empty())?;
        let found = fstat(&file)?;
        let id = (found.st_dev, found.st_ino);
        if before.as_ref().is_some_and(|(_, before)| *before == id) {
            self.file = before;
            return Ok(false);
        }
        self.queue.add(EventFilter::Vnode {
            vnode: file.as_raw_fd(),
            flags: VnodeEvents::DELETE
                | VnodeEvents::LINK
                | VnodeEvents::RENAME
                | VnodeEvents::REVOKE,
        })?;
        self.file = Some((file, id));
        Ok(true)
    }

    pub(crate) fn forget(&self) -> bool {
        self.queue.drain()
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.queue.descriptor()
    }
}

/// A process; readable once it has ended with all its threads, and closed its files.
#[derive(Debug)]
pub(crate) struct ProcessWatch(Queue);

impl ProcessWatch {
    /// Watches the process of this number. Returns `None` if there is none, or if that cannot be known.
    pub(crate) fn new(pid: u32) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        let queue = Queue::new().ok()?;
        let flags = ProcessEvents::EXIT;
        queue.add(EventFilter::Proc { pid, flags }).ok()?;
        Some(Self(queue))
    }

    pub(crate) fn has_ended(&self) -> bool {
        await_any(&[self.descriptor()], Duration::ZERO)
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.0.descriptor()
    }
}
