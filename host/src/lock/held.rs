//! The lock, while it is held.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime},
};

use super::{
    error::{Error, Kind},
    inherited::{self, Taken},
    place::{Named, Place},
    replaced::Replaced,
    warning::Warning,
    watch::Watch,
};
use crate::{
    backend::{Chosen, Run},
    member::Renewal,
    process::{fork, number::Number, platform},
};

mod journal;
mod release;
mod restore;
mod session;

use self::journal::Journal;
pub use self::restore::Restored;

/// A lock on a directory, held by this process until it is released or dropped.
///
/// A program that ends without either (`std::process::exit`, a signal) leaves dead files behind. The next process to
/// start takes the lock over and reports that.
///
/// Dropping it releases it without reporting the outcome; [`Lock::release`] reports it. In a child made by fork(2),
/// dropping it does nothing: the lock stays the parent's.
///
/// The kernel's evidence for the lock is an open file of this process. A program that closes descriptors it does not
/// know must acquire the lock after that.
///
/// The lock also depends on what the path of the directory names. If the directory is moved away, or another one is
/// mounted over it, the next process that uses the same path gets a lock. So that counts as a loss, as the removal of
/// the lock file does. A relative path keeps the meaning that it had when the attempt began, whatever the working
/// directory is now.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// # let directory = data.path();
/// # std::fs::write(directory.join("tinyforge.lock"), "999999999\n")?;
/// let lock = lockhost::acquire(directory)?;
/// println!("{} says that it is {}'s", lock.path().display(), lock.pid());
/// // An owner that died is worth a line in the log, and so is what could not be done.
/// for dead in lock.replaced() {
///     println!("replaced {}: {dead}", dead.path().display());
/// }
/// for warning in lock.warnings() {
///     println!("{warning}");
/// }
/// if !lock.has_evidence() {
///     println!("an owner in another container, or on another machine, cannot be judged here");
/// }
/// // … use the directory, and before something that two must not do:
/// lock.verify()?;
/// lock.release()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping the lock releases it at once"]
pub struct Lock {
    path: PathBuf,
    place: Arc<Place>,
    /// The directory that the path named when the lock was acquired.
    directory: Arc<File>,
    pid: u32,
    report: Report,
    /// `None` once released.
    held: Mutex<Option<Box<Held>>>,
    /// The process that acquired it. A child made by fork(2) has a copy of all this, and no part in it.
    maker: Number,
    /// The renewer of its session, if there is a coordinator.
    renewal: Option<Renewal>,
}

struct Held {
    run: Chosen,
    /// The watch that was used to wait for the lock.
    watch: Option<Watch>,
    /// When its files were last refreshed, by a clock that goes on while the machine sleeps.
    refreshed: SystemTime,
    /// Since when its file is being put back.
    restoring: Option<Instant>,
    /// The record of files that get its name.
    journal: Option<Journal>,
}

impl Lock {
    /// Returns the session's renewer, if there is a coordinator and this process still has the lock.
    fn renewal(&self) -> Option<&Renewal> {
        self.renewal.as_ref().filter(|_| fork::is_still(self.maker))
    }
}

struct Report {
    claimed: bool,
    /// The lock file's name.
    file: String,
    evidence: bool,
    identity: String,
    replaced: Vec<Replaced>,
    warnings: Vec<Warning>,
}

impl Lock {
    pub(crate) fn new(
        place: Arc<Place>,
        mut run: Chosen,
        watch: Option<Watch>,
        renewal: Option<Renewal>,
    ) -> Result<Self, Error> {
        let directory = place.given();
        let report = run
            .report()
            .map_err(|error| Error::internal(directory, error))?;
        let maker = platform::number();
        let replaced = report.replaced.into_iter();
        let warnings = report.warnings.into_iter();
        let lock = Self {
            path: directory.join(&report.file),
            pid: report.pid,
            report: Report {
                claimed: report.claimed,
                file: report.file,
                evidence: report.evidence,
                identity: report.identity,
                replaced: replaced.map(|it| Replaced::new(directory, it)).collect(),
                warnings: warnings.map(|it| Warning::new(&place, it)).collect(),
            },
            directory: Arc::clone(run.directory()),
            place,
            held: Mutex::new(Some(Box::new(Held {
                run,
                watch,
                refreshed: SystemTime::now(),
                restoring: None,
                journal: None,
            }))),
            maker,
            renewal,
        };
        inherited::note(lock.taken());
        Ok(lock)
    }

    /// Returns the record of this lock for children made by fork(2).
    fn taken(&self) -> Taken {
        Taken {
            maker: self.maker,
            identity: self.report.identity.clone(),
            claimed: self.report.claimed,
        }
    }

    /// Returns the path of the lock file: the directory as it was given, joined with the lock's name. A relative path
    /// is relative to the working directory in which the attempt began.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the number in the lock file: the number of this process, as it knows itself.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the identity of the owner, as in the claim's name. For a lock without a claim, the file holds only the
    /// pid. [`Holder`](crate::Holder) has an example.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.report.identity
    }

    /// Returns whether the kernel keeps evidence for this lock. If so, other containers and machines judge it
    /// correctly, also after a reboot. Otherwise those refuse. Then only processes that can see each other take it
    /// over, if it [has a claim](Self::is_claimed).
    #[must_use]
    pub fn has_evidence(&self) -> bool {
        self.report.evidence
    }

    /// Returns whether the lock has a claim beside it. If not, its file system has no hard links, and the file holds
    /// only a pid. Then the lock works between processes that can see each other, but not between machines or
    /// containers: a process that does not see this one judges it dead. Once this process is dead, another process that
    /// gets its number appears to hold the lock, until a person decides. [`Holder`](crate::Holder) has an example of
    /// what other processes see of it.
    #[must_use]
    pub fn is_claimed(&self) -> bool {
        self.report.claimed
    }

    /// Returns what was removed to acquire the lock, in that order; empty if it was free.
    #[must_use]
    pub fn replaced(&self) -> &[Replaced] {
        &self.report.replaced
    }

    /// Returns problems that do not affect the lock.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.report.warnings
    }

    /// Returns whether the lock file is still this lock's, and the path still names the directory that it lies in. It
    /// returns `false` once a process has removed, replaced or moved one of them: then another process may hold the
    /// directory. It is always `false` in a child made by fork(2), since the lock is the parent's. [`Watch`] has an
    /// example.
    ///
    /// Once a day, it also sets the access time of the lock's files, so that no program that removes old files removes
    /// these. The modification time stays: it records since when the lock is held. So call this, or
    /// [`verify`](Self::verify), at least once a day.
    ///
    /// A process may be unable to follow the path any more, after it has dropped privileges or changed its root
    /// directory. That proves no loss: then only the lock file counts.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the file cannot be examined,
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if the component failed.
    pub fn still_held(&self) -> Result<bool, Error> {
        Ok(self.is_the_files()? && !self.has_moved())
    }

    /// Returns whether the path names another directory by now, or none.
    fn has_moved(&self) -> bool {
        self.place.names(&self.directory) != Named::Same
    }

    fn is_the_files(&self) -> Result<bool, Error> {
        // Checked first: in a child made by fork(2), another thread of the parent may have left the mutex locked.
        if !fork::is_still(self.maker) {
            return Ok(false);
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = held.as_deref_mut() else {
            return Ok(false);
        };
        held.refresh();
        let Held { run, journal, .. } = held;
        if let Some(journal) = journal {
            journal.read();
        }
        if self.loss().is_some() {
            return Ok(false);
        }
        let is_the_files = run
            .still_held()
            .map_err(|error| Error::internal(self.place.given(), error))?
            .map_err(|failure| self.place.failed(&self.report.file, failure))?;
        if let Some(journal) = journal.as_mut().filter(|_| is_the_files) {
            journal.found();
        }
        Ok(is_the_files)
    }

    /// Checks as [`still_held`](Self::still_held) does, and returns an error that explains a loss.
    ///
    /// # Errors
    /// [`ErrorKind::Lost`](crate::ErrorKind::Lost) if it is not held.
    /// [`ErrorKind::Inherited`](crate::ErrorKind::Inherited) in a child made by fork(2), where the lock is the
    /// parent's, whether or not the parent still holds it. Otherwise as [`still_held`](Self::still_held).
    pub fn verify(&self) -> Result<(), Error> {
        self.is_still_the_makers()?;
        if let Some(loss) = self.loss() {
            return Err(Error::new(self.path.clone(), Kind::Session(loss)));
        }
        if !self.is_the_files()? {
            return Err(Error::new(self.path.clone(), Kind::Lost));
        }
        self.has_its_place()
    }

    /// Fails in a child made by fork(2), which has no part in the lock.
    fn is_still_the_makers(&self) -> Result<(), Error> {
        match fork::is_still(self.maker) {
            true => Ok(()),
            false => Err(Error::new(self.path.clone(), Kind::Inherited(self.pid))),
        }
    }

    fn has_its_place(&self) -> Result<(), Error> {
        match self.has_moved() {
            false => Ok(()),
            true => Err(Error::new(self.path.clone(), Kind::Moved)),
        }
    }

    /// Returns a watch that becomes readable when the lock may be lost: when the lock file, or a directory of its path,
    /// may have been removed, replaced or moved. It returns `None` where the system does not report that: on an unknown
    /// file system, on one that other machines may change too, and where no watch is left. On Linux all watches of a
    /// process share one inotify(7) instance, and the last 16 that a user may have are left to other programs.
    ///
    /// It does not replace [`verify`](Self::verify), but saves frequent checks. It does not report what happened
    /// before, so check once after you get it. Three changes are not reported either: a symbolic link further up, a
    /// directory there that may not be read, and a mount over a directory. Where that matters, check now and then, as
    /// the program `lockhost` does each second. Closing the last watch takes the kernel some milliseconds. [`Watch`]
    /// has an example.
    #[must_use]
    pub fn watch(&self) -> Option<Watch> {
        let path = self.place.absolute().join(&self.report.file);
        if !fork::is_still(self.maker) || !platform::is_local(&path) {
            return None;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = held.as_deref_mut().and_then(|held| held.watch.take());
        let mut watch = kept.or_else(|| Watch::new().ok())?;
        watch.turn_to(&path).ok()?;
        Some(watch)
    }

    /// Returns a second descriptor of the open file under which the kernel keeps this lock's evidence, for a process
    /// that this one starts. A child that has it keeps the directory in use if this process is killed. No other process
    /// acquires the lock while the child lives, or any process that inherited the descriptor from it. A released lock
    /// is free at once, whichever process has the descriptor. It returns `None` where there is [no
    /// evidence](Self::has_evidence), and in a child made by fork(2).
    ///
    /// The descriptor is closed on execve(2), so a child gets it only if it is handed over: as one of its standard
    /// streams, or under another number, which crates such as `command-fds` arrange. Use it for nothing else: what a
    /// process writes to it goes into the lock file.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::process::{Command, Stdio};
    ///
    /// let lock = lockhost::acquire("data")?;
    /// // A worker that reads nothing has the evidence as its standard input.
    /// let evidence = lock.evidence()?.map_or_else(Stdio::null, Stdio::from);
    /// let mut worker = Command::new("worker").stdin(evidence).spawn()?;
    /// worker.wait()?;
    /// lock.release()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if no descriptor is left.
    pub fn evidence(&self) -> Result<Option<File>, Error> {
        if !fork::is_still(self.maker) {
            return Ok(None);
        }
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let evidence = held.as_deref().and_then(|held| held.run.evidence());
        let duplicate = evidence.map(|file| file.try_clone()).transpose();
        duplicate.map_err(|error| Error::io(self.path.clone(), "reopen", error))
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("path", &self.path)
            .field("identity", &self.report.identity)
            .finish_non_exhaustive()
    }
}

// Only a component traps.
#[cfg(all(test, feature = "component"))]
mod tests {
    use super::*;
    use crate::{AliveReason, ErrorKind, Liveness, acquire};

    fn trap(lock: &Lock) {
        let mut held = lock.held.lock().unwrap();
        held.as_mut().unwrap().run.lose_directory();
        drop(held);
        assert_eq!(lock.still_held().unwrap_err().kind(), ErrorKind::Internal);
    }

    #[test]
    fn a_trap_does_not_cost_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let lock = acquire(directory.path()).unwrap();
        trap(&lock);
        let refused = acquire(directory.path()).unwrap_err();
        let holder = refused.holder().unwrap();
        assert_eq!(holder.liveness(), Liveness::Alive(AliveReason::ThisProcess));
        assert!(lock.path().exists());
    }

    #[test]
    #[cfg(not(windows))]
    fn after_a_trap_the_lock_goes_with_its_value() {
        let directory = tempfile::tempdir().unwrap();
        let lock = acquire(directory.path()).unwrap();
        trap(&lock);
        assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::Internal);
        // Its files are still there, and dead: no process keeps them locked.
        let lock = acquire(directory.path()).unwrap();
        assert_eq!(
            lock.replaced()[0].reason(),
            crate::ReplacedReason::Dead(crate::DeadReason::EvidenceGone)
        );
        lock.release().unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
