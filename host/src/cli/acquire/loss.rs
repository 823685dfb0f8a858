//! The detection of a loss while a lock is held: its file or its directory was removed, or another file has the name. A
//! file that was removed is put back where that is safe.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use lockhost::{BorrowedDescriptor, Error, ErrorKind, Lock, Restored, Watch};

/// The time before the first check, and between two checks. A watch's report leads to a check at once as well, and the
/// next periodic check covers a report that came a moment too early. No watch reports everything on which the
/// directory's path depends, such as a file system mounted over it. So there are checks in any case, each of seven
/// system calls, and one more for the journal.
///
/// The first check is late so that a short command pays for no watch: the kernel takes longer to close one than for all
/// the rest.
const PAUSE: Duration = Duration::from_secs(1);

/// The pause after a file was put back, whatever is reported meanwhile. It doubles while the file keeps being removed,
/// so that two programs do not keep each other busy. Its bound follows from the 200 ms that waiters leave an owner to
/// put its lock file back.
const REST: RangeInclusive<Duration> = Duration::from_millis(20)..=Duration::from_millis(80);

/// A change to a lock.
pub(super) enum Change<'a> {
    /// The lock is lost.
    Lost(Error),
    /// The lock's file or its claim was removed, and is back.
    Restored(&'a Lock, Restored),
}

/// Checks the locks of one program.
pub(super) struct Losses<'a> {
    guarded: Vec<Guarded<'a>>,
    /// When to check again, even if nothing is reported.
    due: Instant,
    watching: bool,
    /// The last rest after a file was put back.
    rest: Option<Rest>,
}

/// A time without checks.
struct Rest {
    end: Instant,
    length: Duration,
}

impl Rest {
    /// Returns the rest that follows another one, if that was not long ago.
    fn after(last: Option<&Self>) -> Self {
        let now = Instant::now();
        let last = last.filter(|last| now < last.end + PAUSE);
        let length = last.map_or(*REST.start(), |last| (2 * last.length).min(*REST.end()));
        Self {
            end: now + length,
            length,
        }
    }
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
            rest: None,
        }
    }

    /// Returns descriptors that are readable once there is a reason to check.
    pub(super) fn descriptors(&self) -> Vec<BorrowedDescriptor<'_>> {
        let watches = self.guarded.iter().filter_map(|it| it.watch.as_ref());
        watches.map(Watch::descriptor).collect()
    }

    /// Returns how long there is no reason to check, unless a watch reports something.
    pub(super) fn pause(&self) -> Duration {
        match self.guarded.iter().all(|it| it.lost) {
            true => Duration::MAX,
            false => self.due.saturating_duration_since(Instant::now()),
        }
    }

    /// Makes the next check come at once.
    #[cfg_attr(not(kernel = "linux"), allow(dead_code, reason = "for deadmen"))]
    pub(super) fn hurry(&mut self) {
        self.due = Instant::now();
    }

    /// Checks the locks, if there is a reason to. Returns the changes since the last time.
    pub(super) fn look(&mut self) -> Vec<Change<'a>> {
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
        let rests = self
            .rest
            .as_ref()
            .is_some_and(|rest| Instant::now() < rest.end);
        if !due && (!told || rests) {
            return Vec::new();
        }
        let mut pause = PAUSE;
        let looks = self.guarded.iter_mut().map(|it| it.look(&mut pause));
        let changes: Vec<_> = looks.flatten().collect();
        let is_back = |it: &Change<'_>| matches!(it, Change::Restored(..));
        self.due = Instant::now() + pause;
        if changes.iter().any(is_back) {
            let rest = Rest::after(self.rest.as_ref());
            self.due = self.due.min(rest.end);
            self.rest = Some(rest);
        }
        changes
    }
}

impl<'a> Guarded<'a> {
    /// Returns whether the lock is lost now, and was not before, or was put back. A check that fails proves nothing.
    /// `pause` is the time until the next check at the latest.
    fn look(&mut self, pause: &mut Duration) -> Option<Change<'a>> {
        if self.lost {
            return None;
        }
        let is_loss = |error: &Error| error.kind() == ErrorKind::Lost;
        let lost = self.lock.verify().err();
        if !lost.as_ref().is_none_or(is_loss) {
            return None;
        }
        let lost = match self.lock.restore() {
            Ok(Restored::Intact) => return None,
            Ok(Restored::Pending(retry)) => {
                *pause = retry.min(*pause);
                return None;
            }
            Ok(restored) => {
                if restored == Restored::Weaker && self.watch.is_some() {
                    // The old watch was on the old file.
                    self.watch = self.lock.watch();
                }
                return Some(Change::Restored(self.lock, restored));
            }
            Err(error) => lost.or(Some(error).filter(is_loss))?,
        };
        self.lost = true;
        // Changes to the file do not matter from now on.
        self.watch = None;
        Some(Change::Lost(lost))
    }
}
