//! The lock, held.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime},
};

use wasmtime::component::ResourceAny;

use super::{
    error::{Error, Kind},
    inherited::{self, Taken},
    place::{Named, Place},
    replaced::Replaced,
    warning::Warning,
    watch::Watch,
};
use crate::{
    component::instance::Instance,
    process::{fork, number::Number, platform},
};

mod journal;
mod release;
mod restore;

use self::journal::Journal;
pub use self::restore::Restored;

/// A directory that is this process' own, until this is released or dropped.
///
/// A program that ends without either (`std::process::exit`, a signal) leaves files behind that are dead; whoever
/// starts next takes over and says so.
///
/// Dropping it releases it, and says nothing about how that went; [`Lock::release`] does. In a child made by fork(2),
/// dropping it does nothing: the lock stays the parent's.
///
/// The kernel's evidence for the lock is an open file of this process: a program that closes descriptors it does not
/// know must take the lock after that.
///
/// What the path of the directory names is part of what is held: where the directory is moved away, or another one is
/// mounted over it, the next process that comes by the same path gets a lock. So that counts as a loss, as the removal of
/// the lock file does. A relative path means what it meant when the attempt began, whatever working directory this
/// process goes to.
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
    /// What the path named when the lock was taken.
    directory: Arc<File>,
    pid: u32,
    report: Report,
    /// `None` once released.
    held: Mutex<Option<Box<Held>>>,
    /// Who took it: a child made by fork(2) has a copy of all this, and no part in it.
    maker: Number,
}

struct Held {
    instance: Instance,
    lock: ResourceAny,
    /// Left over from waiting for the lock.
    watch: Option<Watch>,
    /// When its files were last used, by a clock that goes on while the machine sleeps.
    refreshed: SystemTime,
    /// Since when its file is being put back.
    restoring: Option<Instant>,
    /// Which files get its name.
    journal: Option<Journal>,
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
        opened: Arc<File>,
        mut instance: Instance,
        lock: ResourceAny,
        watch: Option<Watch>,
    ) -> Result<Self, Error> {
        let directory = place.given();
        let report = instance
            .report(lock)
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
            directory: opened,
            place,
            held: Mutex::new(Some(Box::new(Held {
                instance,
                lock,
                watch,
                refreshed: SystemTime::now(),
                restoring: None,
                journal: None,
            }))),
            maker,
        };
        inherited::note(lock.taken());
        Ok(lock)
    }

    /// As it is noted for children made by fork(2).
    fn taken(&self) -> Taken {
        Taken {
            maker: self.maker,
            identity: self.report.identity.clone(),
            claimed: self.report.claimed,
        }
    }

    /// The lock file: the directory as it was given, joined with the lock's name. Of a relative path it is relative to the
    /// working directory in which the attempt began.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number in the lock file: this process', as it knows itself.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Who holds it: the identity in the claim's name. Of a lock without a claim the file says the pid alone.
    /// [`Holder`](crate::Holder) has an example.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.report.identity
    }

    /// Whether the kernel keeps evidence for this lock. Then it is judged right from other containers, after a
    /// reboot and on other machines. Otherwise those refuse, and only processes that can see each other take over, if it
    /// [has a claim](Self::is_claimed).
    #[must_use]
    pub fn has_evidence(&self) -> bool {
        self.report.evidence
    }

    /// Whether the lock has a claim beside it. Otherwise its file system has no hard links, and the file says no more
    /// than a pid. Then it keeps processes apart that can see each other, but neither machines nor containers: who does
    /// not see this process takes it for dead. And once it is dead, a number that another process has by now holds the
    /// lock, until a person decides. [`Holder`](crate::Holder) has an example of what others see of it.
    #[must_use]
    pub fn is_claimed(&self) -> bool {
        self.report.claimed
    }

    /// What was removed to get the lock, in that order; empty if it was free.
    #[must_use]
    pub fn replaced(&self) -> &[Replaced] {
        &self.report.replaced
    }

    /// What could not be done beside, and does not touch the lock.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.report.warnings
    }

    /// Returns whether the lock file is still this lock's, and the path still names the directory that it lies in. `false`
    /// once a process has removed, replaced or moved one of them: then another process may have the directory. Always
    /// `false` in a child made by fork(2), since the lock is the parent's. [`Watch`] has an example.
    ///
    /// Once a day, it also sets the access time of the lock's files, so that no program that removes files by their age
    /// takes these for unused. The time of their last writing stays: it says since when the lock is held. So call this,
    /// or [`verify`](Self::verify), at least once a day.
    ///
    /// A path that this process cannot follow any more (after it has given up privileges, or has gone to another root)
    /// proves no loss: then the lock file alone counts.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the file cannot be looked at,
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if the component failed.
    pub fn still_held(&self) -> Result<bool, Error> {
        Ok(self.is_the_files()? && !self.has_moved())
    }

    /// Whether the path names another directory by now, or none.
    fn has_moved(&self) -> bool {
        self.place.names(&self.directory) != Named::Same
    }

    fn is_the_files(&self) -> Result<bool, Error> {
        // Asked first: in a child made by fork(2) another thread of the parent's may have left the mutex locked.
        if !fork::is_still(self.maker) {
            return Ok(false);
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = held.as_deref_mut() else {
            return Ok(false);
        };
        held.refresh();
        let Held {
            instance,
            lock,
            journal,
            ..
        } = held;
        if let Some(journal) = journal {
            journal.read();
        }
        let is_the_files = instance
            .still_held(*lock)
            .map_err(|error| Error::internal(self.place.given(), error))?
            .map_err(|failure| self.place.failed(&self.report.file, failure))?;
        if let Some(journal) = journal.as_mut().filter(|_| is_the_files) {
            journal.found();
        }
        Ok(is_the_files)
    }

    /// As [`still_held`](Self::still_held), with the sentence that says what has happened.
    ///
    /// # Errors
    /// [`ErrorKind::Lost`](crate::ErrorKind::Lost) if it is not; [`ErrorKind::Inherited`](crate::ErrorKind::Inherited) in a
    /// child made by fork(2), where the lock is the parent's, whether or not that still holds it; and as
    /// [`still_held`](Self::still_held).
    pub fn verify(&self) -> Result<(), Error> {
        self.is_still_the_makers()?;
        if !self.is_the_files()? {
            return Err(Error::new(self.path.clone(), Kind::Lost));
        }
        self.has_its_place()
    }

    /// The lock is no matter of a child made by fork(2).
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

    /// Returns what becomes readable when the lock may be lost: when the lock file, or a directory of its path, may have
    /// been removed, replaced or moved. `None` where the system does not report that: on a file system that other
    /// machines may change too, or that is not known, and where there is no more room for watches: on Linux all watches of a
    /// process share one inotify(7) instance, and the last 16 that a user may have are left to other programs.
    ///
    /// It does not replace [`verify`](Self::verify), it saves asking often. What happened before is not reported: ask
    /// once when it is there. A symbolic link that turns further up, a directory there that may not be read, and a file
    /// system that is mounted over one are not reported either: where that matters, ask now and then, as the program
    /// `lockhost` does each second. Closing the last one takes the kernel some milliseconds. [`Watch`] has an example.
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

    /// A second descriptor of the open file under which the kernel keeps this lock's evidence, for a process that this
    /// one starts. A child that has it keeps the directory in use if this process is killed: nobody gets in while the
    /// child lives, or any process that inherited the descriptor from it. A lock that is released is free at once,
    /// whoever has one. `None` where there is [no evidence](Self::has_evidence), and in a child made by fork(2).
    ///
    /// It is closed on execve(2), so a child gets it only if it is handed over: as one of its standard streams, or under
    /// another number, which crates such as `command-fds` arrange. It is for nothing else: what is written to it is
    /// written into the lock file.
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
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if there is no descriptor to be had.
    pub fn evidence(&self) -> Result<Option<File>, Error> {
        if !fork::is_still(self.maker) {
            return Ok(None);
        }
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let evidence = held.as_deref().and_then(|held| held.instance.evidence());
        let duplicate = evidence.map(|file| file.try_clone()).transpose();
        duplicate.map_err(|error| Error::io(self.path.clone(), "open once more", error))
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

#[cfg(test)]
mod tests {

    use super::*;
    use crate::{AliveReason, DeadReason, ErrorKind, Liveness, ReplacedReason, acquire};

    fn trap(lock: &Lock) {
        let mut held = lock.held.lock().unwrap();
        held.as_mut().unwrap().instance.lose_directory();
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
        // Its files are still there, and dead: nobody keeps them locked.
        let lock = acquire(directory.path()).unwrap();
        assert_eq!(
            lock.replaced()[0].reason(),
            ReplacedReason::Dead(DeadReason::EvidenceGone)
        );
        lock.release().unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
