//! The decision when a waiter checks again, from what its checks find and what its watches report, without any I/O.
//!
//! A notification is only a reason to check sooner. It can be lost, come late, or never be sent for what really ends
//! the wait. So a waiter assumes nothing about what will be reported, and never sleeps for longer than [`BACKSTOP`].

use std::time::Duration;

/// The longest time between two checks.
pub(crate) const BACKSTOP: Duration = Duration::from_secs(1);

/// The first pause after something has changed. Each further pause is twice as long, up to the backstop: ten checks in
/// the first second.
///
/// The kernel reports some changes a moment before they happen: a name is removed after its file has one link less, and
/// a file is unlocked after it was closed.
pub(crate) const SHORTEST: Duration = Duration::from_millis(1);

/// The shortest pause after another process was quicker, and how much longer it is for some of many waiters: longer than
/// commands of a shell take, so that waiters do not check each of them, and short for a person.
const PASSED_ON: Duration = Duration::from_millis(16);
const SPREAD: u32 = 32;

/// Returns how long a waiter leaves the lock to a process that was quicker, if the last check was so long ago. `None` if it
/// has to check: it does so once a second, however often the lock is passed on. `number` differs between waiters.
pub(crate) fn pause_if_passed_on(since_check: Duration, number: u32) -> Option<Duration> {
    let pause = PASSED_ON + Duration::from_millis((number % SPREAD).into());
    (since_check.saturating_add(pause) <= BACKSTOP).then_some(pause)
}

/// The obstacle that a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Obstacle {
    /// The owner that the file names.
    pub(crate) owner: Option<String>,
    /// The owner, and the processes that keep the file locked.
    pub(crate) processes: Vec<u32>,
}

/// The watch on the file that has the name now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FileArmed {
    /// There is none.
    No,
    /// It was there before this check.
    Before,
    /// It was made after this check: the file is another one than before.
    Anew,
}

/// The next step of a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Next {
    /// Check at once: the obstacle may have ended before it was watched.
    Look,
    /// Sleep until a watch reports something, at most so long, and check then.
    Sleep(Duration),
}

/// The knowledge of a waiter from its last check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Decision {
    obstacle: Option<Obstacle>,
    /// Whether the file was another one than before.
    was_new: bool,
    /// The next pause.
    pause: Duration,
}

impl Default for Decision {
    fn default() -> Self {
        Self {
            obstacle: None,
            was_new: false,
            pause: SHORTEST,
        }
    }
}

impl Decision {
    /// Notes that a watch has reported something.
    pub(crate) fn notified(&mut self) {
        self.pause = SHORTEST;
    }

    /// Notes that another process has the lock by now, of which nothing is known yet.
    pub(crate) fn passed_on(&mut self) {
        *self = Self::default();
    }

    /// Returns whether the obstacle differs from the last one, so that its processes have to be watched anew. The
    /// watches on the processes of the same obstacle are kept: one that has ended would be reported again and again.
    pub(crate) fn is_other(&self, obstacle: &Obstacle) -> bool {
        self.obstacle.as_ref() != Some(obstacle)
    }

    /// Decides after a check that found an obstacle, with this watch on its file.
    ///
    /// Any new watch is a reason to check at once, and not only one for another owner: the same owner may have released
    /// the lock and acquired it again, with another file. But some file systems (9p and FUSE without caches) show the
    /// same file as a new one at each check. So where one new file follows another, the pauses grow as for a file that
    /// stays.
    pub(crate) fn decide(&mut self, obstacle: Obstacle, file: FileArmed) -> Next {
        let is_other = self.is_other(&obstacle);
        self.obstacle = Some(obstacle);
        let is_new = file == FileArmed::Anew;
        let was_new = std::mem::replace(&mut self.was_new, is_new);
        if is_other || is_new && !was_new {
            self.pause = SHORTEST;
            return Next::Look;
        }
        let pause = self.pause;
        self.pause = BACKSTOP.min(pause * 2);
        Next::Sleep(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_new_at_each_look_is_looked_at_ever_less_often() {
        let mut decision = Decision::default();
        let obstacle = Obstacle::default();
        let mut next = || decision.decide(obstacle.clone(), FileArmed::Anew);
        assert_eq!(next(), Next::Look);
        let pauses: Vec<_> = (0..12).map(|_| next()).collect();
        assert_eq!(pauses[0], Next::Sleep(SHORTEST));
        assert_eq!(pauses[11], Next::Sleep(BACKSTOP));
    }
}

#[cfg(test)]
#[path = "model.rs"]
mod model;
