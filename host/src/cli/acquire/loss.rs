//! Noticing that a lock is lost while it is held: its file or its directory was removed, or another one has the name.

use std::time::{Duration, Instant};

use lockhost::{BorrowedDescriptor, Error, ErrorKind, Lock, Watch};

/// The time before the first look, and between two looks. What a watch reports is looked for at once as well, and the next
/// look finds what was reported a moment before it was so. No watch reports everything that the path of the directory
/// depends on, as a file system that is mounted over it, so there are looks whatever is watched: each of three
/// system calls.
///
/// The first look comes late so that a command which is done in no time pays for no watch: to close one takes the kernel
/// longer than all the rest.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks after the locks of one program.
pub(super) struct Losses<'a> {
    guarded: Vec<Guarded<'a>>,
    /// When to look again, even if nothing is reported.
    due: Instant,
    watching: bool,
}

struct Guarded<'a> {
    lock: &'a Lock,
    watch: Option<Watch>,
    lost: bool,
}

impl<'a> Losses<'a> {
    pub(super) fn new(locks: &'a [Lock]) -> Self {
        let guarded = locks.iter().map(|lock| Guarded {
            lock,
            watch: None,
            lost: false,
        });
        Self {
            guarded: guarded.collect(),
            due: Instant::now() + PAUSE,
            watching: false,
        }
    }

    /// Readable once it is worth to look.
    pub(super) fn descriptors(&self) -> Vec<BorrowedDescriptor<'_>> {
        let watches = self.guarded.iter().filter_map(|it| it.watch.as_ref());
        watches.map(Watch::descriptor).collect()
    }

    /// How long there is nothing to look for, unless a watch reports something.
    pub(super) fn pause(&self) -> Duration {
        match self.guarded.iter().all(|it| it.lost) {
            true => Duration::MAX,
            false => self.due.saturating_duration_since(Instant::now()),
        }
    }

    /// Looks, if there is a reason to. What was lost since the last time.
    pub(super) fn look(&mut self) -> Vec<Error> {
        let due = self.due <= Instant::now();
        if due && !self.watching {
            self.watching = true;
            for guarded in &mut self.guarded {
                guarded.watch = guarded.lock.watch();
            }
        }
        let mut told = false;
        for watch in self.guarded.iter().filter_map(|it| it.watch.as_ref()) {
            told |= watch.forget();
        }
        if !due && !told {
            return Vec::new();
        }
        self.due = Instant::now() + PAUSE;
        self.guarded.iter_mut().filter_map(Guarded::look).collect()
    }
}

impl Guarded<'_> {
    /// Whether it is lost now, and was not before. A look that fails says nothing.
    fn look(&mut self) -> Option<Error> {
        if self.lost {
            return None;
        }
        let lost = self.lock.verify().err();
        let lost = lost.filter(|error| error.kind() == ErrorKind::Lost)?;
        self.lost = true;
        // Whatever happens to the file from now on is no news.
        self.watch = None;
        Some(lost)
    }
}
