//! Protection of a lock's files against removal: they do not age, and a removed file is put back.

use std::{
    borrow::Cow,
    fmt,
    sync::PoisonError,
    time::{Duration, Instant, SystemTime},
};

use super::{Held, Journal, Lock};
use crate::{
    backend::Run,
    lock::{
        error::{Error, Kind},
        hint,
    },
    outcome::{self, elapsed},
    process::platform,
};

/// The greatest age of a held lock's files. Programs that remove unused files wait for some days.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Held {
    /// Keeps the files from ageing. Only a program that removes old files notices whether that worked.
    pub(super) fn refresh(&mut self) {
        let now = SystemTime::now();
        // A clock that was set back counts as well.
        if now
            .duration_since(self.refreshed)
            .is_ok_and(|passed| passed < DAY)
        {
            return;
        }
        self.refreshed = now;
        let _ = self.run.refresh();
    }
}

impl Lock {
    /// Starts to record which files get the lock's name. With the record, [`restore`](Self::restore) can distinguish a
    /// file that was removed and put back from one that was replaced meanwhile. Returns whether that is recorded. It
    /// needs Linux with proc(5), a file system that no other machine changes, and a directory that this process may
    /// read. It also needs a spare inotify(7) instance of the user; this process takes one for all its locks.
    ///
    /// The kernel keeps some thousands of reports of what happens in the directory. [`still_held`](Self::still_held)
    /// and [`verify`](Self::verify) read them. Where files are made and removed often, call one of these each second.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// use lockhost::Restored;
    ///
    /// let lock = lockhost::acquire(data.path())?;
    /// let is_recorded = lock.observe();
    /// std::fs::remove_file(lock.path())?;
    /// let expected = if is_recorded { Restored::Observed } else { Restored::Unobserved };
    /// assert_eq!(lock.restore()?, expected);
    /// # Ok(())
    /// # }
    /// ```
    pub fn observe(&self) -> bool {
        // Checks the directory that is held, whatever has its path now.
        let is_local = platform::evidence_kind(&self.directory).is_ok_and(|kind| kind.is_some());
        if self.is_still_the_makers().is_err() || !is_local {
            return false;
        }
        let mut guard = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = guard.as_deref_mut() else {
            return false;
        };
        if held.journal.is_none() {
            held.journal = Journal::begin(&self.directory, &self.report.file);
        }
        let is_recorded = held.journal.is_some();
        drop(guard);
        // The record counts from a check that found the file. If this check fails, it counts from the next one.
        if is_recorded {
            let _ = self.is_the_files();
        }
        is_recorded
    }

    /// Puts the lock file back if it was removed by accident, as `git clean -fdx` and `rsync --delete` do. It never
    /// waits: after [`Restored::Pending`], call it again.
    ///
    /// It puts the file back only if nothing shows that another process holds or held the lock. No other file may have
    /// its name, and no living process may be replacing a dead lock there. The path must still name the directory of
    /// this lock. Otherwise the lock is lost for good. Only after [`observe`](Self::observe) is it known whether
    /// another process held the lock and released it meanwhile.
    ///
    /// If the lock file's claim is missing, it gets its name again, on Linux where the system permits it. So call this
    /// now and then, also while the lock file is in its place.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// use lockhost::Restored;
    ///
    /// let lock = lockhost::acquire(data.path())?;
    /// std::fs::remove_file(lock.path())?;
    /// if !lock.still_held()? {
    ///     assert_eq!(lock.restore()?, Restored::Unobserved);
    /// }
    /// assert!(lock.still_held()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Lost`](crate::ErrorKind::Lost) if the lock is lost for good,
    /// [`ErrorKind::Inherited`](crate::ErrorKind::Inherited) in a child made by fork(2),
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if an operation failed, which a later call repeats,
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if the component failed.
    pub fn restore(&self) -> Result<Restored, Error> {
        let lost = || Error::new(self.path.clone(), Kind::Lost);
        // Checked first, as in `still_held`.
        self.is_still_the_makers()?;
        self.has_its_place()?;
        // Beside a coordinator a file that is gone is a loss: what removed it may come late, and once more.
        if self.renewal().is_some() {
            return match self.is_the_files()? {
                true => Ok(Restored::Intact),
                false => Err(lost()),
            };
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Held {
            run,
            restoring,
            journal,
            ..
        } = held.as_deref_mut().ok_or_else(lost)?;
        let begun = *restoring.get_or_insert_with(Instant::now);
        let outcome = run
            .restore(elapsed(begun))
            .map_err(|error| Error::internal(self.place.given(), error))?;
        if !matches!(outcome, Err(outcome::Unrestored::Again(_))) {
            *restoring = None;
        }
        match outcome {
            Ok(outcome::Restored::Intact) => Ok(Restored::Intact),
            Ok(outcome::Restored::Claim) => Ok(Restored::Claim),
            Ok(outcome::Restored::Linked) => {
                Ok(match journal.as_mut().is_some_and(Journal::is_only_own) {
                    true => Restored::Observed,
                    false => Restored::Unobserved,
                })
            }
            Ok(outcome::Restored::Anew) => {
                journal.as_mut().map(Journal::is_only_own);
                Ok(Restored::Weaker)
            }
            Err(outcome::Unrestored::Again(pause)) => {
                Ok(Restored::Pending(Duration::from_millis(pause.into())))
            }
            Err(outcome::Unrestored::Lost) => Err(lost()),
            Err(outcome::Unrestored::Failed(failure)) => {
                Err(self.place.failed(&self.report.file, failure))
            }
        }
    }
}

/// The result of [`Lock::restore`]. Its text is a sentence about the lock file, without a full stop. [`Lock::restore`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Restored {
    /// The lock file is this lock's own. Nothing was changed: its claim is there too, or cannot be put back.
    Intact,
    /// The lock file is in its place. Its claim was missing and has its name again.
    Claim,
    /// The lock file was missing and is there again. No other process held the lock meanwhile, provided that the path
    /// of the directory named no other one.
    Observed,
    /// The lock file was missing and is there again. Another process may have held the lock meanwhile.
    Unobserved,
    /// The lock file and its claim were missing, and were made anew. As for [`Unobserved`](Self::Unobserved), another
    /// process may have held the lock meanwhile. A process that inherited [`Lock::evidence`] before keeps nothing with
    /// it any more.
    Weaker,
    /// Another process may be about to remove the file that is back. Call [`Lock::restore`] again after this time.
    Pending(Duration),
}

impl Restored {
    /// Returns what to do, for a person: one line without a full stop. Returns `None` unless another process may have
    /// held the lock meanwhile.
    ///
    /// ```
    /// use lockhost::Restored;
    ///
    /// assert!(Restored::Unobserved.hint().is_some());
    /// assert!(Restored::Observed.hint().is_none());
    /// ```
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Unobserved | Self::Weaker => hint::lost(),
            Self::Intact | Self::Claim | Self::Observed | Self::Pending(_) => None,
        }
    }
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intact => "the lock file is in its place",
            Self::Claim => "the lock file's claim was removed, and is back",
            Self::Observed => {
                "the lock file was removed, and is back; no other process held the lock meanwhile"
            }
            Self::Unobserved => {
                "the lock file was removed, and is back; another process may have held the lock"
            }
            Self::Weaker => {
                "the lock file was removed, and made anew; a command no longer keeps it locked"
            }
            Self::Pending(_) => {
                "the lock file was removed; it is back, unless another program removes it again"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, FileTimes};

    use super::*;
    use crate::acquire;

    #[test]
    fn files_of_a_lock_that_is_held_do_not_age() {
        let directory = tempfile::tempdir().unwrap();
        let lock = acquire(directory.path()).unwrap();
        let long_ago = SystemTime::now() - 20 * DAY;
        let times = FileTimes::new()
            .set_accessed(long_ago)
            .set_modified(long_ago);
        File::options()
            .write(true)
            .open(lock.path())
            .unwrap()
            .set_times(times)
            .unwrap();
        let times = || {
            let metadata = fs::metadata(lock.path()).unwrap();
            (metadata.accessed().unwrap(), metadata.modified().unwrap())
        };
        let before = times();
        assert!(lock.still_held().unwrap());
        assert_eq!(times(), before, "not more than once a day");
        let mut held = lock.held.lock().unwrap();
        held.as_mut().unwrap().refreshed -= DAY;
        drop(held);
        assert!(lock.still_held().unwrap());
        let (accessed, modified) = times();
        assert!(accessed > long_ago + 19 * DAY);
        assert_eq!(modified, before.1, "it says since when the lock is held");
    }
}
