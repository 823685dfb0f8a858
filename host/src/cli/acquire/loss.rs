//! Noticing that a lock is lost while it is held: its file was removed, or another one has its name.

use std::time::{Duration, Instant};

use lockhost::{BorrowedDescriptor, Error, ErrorKind, Lock, Watch};

/// After how long it is looked for the first time, and how often where the system does not tell. What is told is looked
/// for at once, and once more after that: it may be told a moment before it is so.
///
/// The first look comes late so that a command which is done in no time pays for no watch: to close one takes the kernel
/// longer than all the rest.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks after the locks of one program.
pub(super) struct Losses<'a> {
    guarded: Vec<Guarded<'a>>,
    /// When there is a reason to look again, even if nothing is told.
    due: Option<Instant>,
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
            due: Instant::now().checked_add(PAUSE),
            watching: false,
        }
    }

    /// Readable once it is worth to look.
    pub(super) fn descriptors(&self) -> Vec<BorrowedDescriptor<'_>> {
        let watches = self.guarded.iter().filter_map(|it| it.watch.as_ref());
        watches.map(Watch::descriptor).collect()
    }

    /// How long it is not worth to look, unless something is told.
    pub(super) fn pause(&self) -> Duration {
        self.due.map_or(Duration::MAX, |due| {
            due.saturating_duration_since(Instant::now())
        })
    }

    /// Looks, if there is a reason to. What was lost since the last time.
    pub(super) fn look(&mut self) -> Vec<Error> {
        let due = self.due.is_some_and(|due| due <= Instant::now());
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
        let lost = self.guarded.iter_mut().filter_map(Guarded::look).collect();
        let is_told_all = |it: &Guarded<'_>| it.lost || it.watch.is_some();
        let again = told || !self.guarded.iter().all(is_told_all);
        self.due = again.then(|| Instant::now() + PAUSE);
        lost
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
