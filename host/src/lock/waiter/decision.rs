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

/// The shortest pause after another process was quicker, and the longest: longer than short commands run, so that few of
/// many waiters wake for each of them, and short for a person.
const PASSED_ON: [Duration; 2] = [Duration::from_millis(8), Duration::from_millis(32)];

/// The number of passes beyond which more make no difference.
const MANY: u32 = 5;

/// The file that is in the way now, beside the one of before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    all(not(unix), not(test)),
    allow(dead_code, reason = "files are compared on Unix alone")
)]
pub(crate) enum Current {
    Gone,
    Same,
    Other,
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
    /// How often the lock was passed on, of late. Only among many does a waiter see that often.
    passes: u32,
    /// How often it was found with the same file since then.
    same: u32,
    /// Whether it was passed on, and not checked since.
    is_deaf: bool,
}

impl Default for Decision {
    fn default() -> Self {
        Self {
            obstacle: None,
            was_new: false,
            pause: SHORTEST,
            passes: 0,
            same: 0,
            is_deaf: false,
        }
    }
}

impl Decision {
    /// Notes that a watch has reported something.
    pub(crate) fn notified(&mut self) {
        self.pause = SHORTEST;
    }

    /// Returns whether nothing is listened to, since the lock was passed on a moment ago.
    pub(crate) fn is_deaf(&self) -> bool {
        self.is_deaf
    }

    /// Returns how long to leave the lock to a process that was quicker. `None` if it is time to check: the lock may be free,
    /// or has the same file for a while, or was not checked for a second.
    ///
    /// The pauses differ by `number` between processes that began to wait one after the other, and would wake at the same
    /// time.
    pub(crate) fn leave(
        &mut self,
        current: Current,
        since_check: Duration,
        number: u32,
    ) -> Option<Duration> {
        let was_deaf = std::mem::take(&mut self.is_deaf);
        match current {
            Current::Other => {
                self.passes = MANY.min(self.passes + 1);
                self.same = 0;
            }
            Current::Same if was_deaf && self.same < self.passes => self.same += 1,
            Current::Same | Current::Gone => return None,
        }
        let [shortest, longest] = PASSED_ON;
        let most = longest.min(shortest * 2_u32.pow(self.passes - 1));
        let pause = most / 2 + most * (number.wrapping_add(self.passes) % 16) / 32;
        if since_check.saturating_add(pause) > BACKSTOP {
            return None;
        }
        self.obstacle = None;
        self.was_new = false;
        self.is_deaf = true;
        Some(pause)
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
            self.pause = match self.passes {
                0 => SHORTEST,
                // Among many, and it was found so without a report.
                _ => PASSED_ON[1],
            };
            self.passes /= 2;
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
