//! The holder of a lock, and what is known about whether it lives.

use std::{
    fmt,
    path::Path,
    time::{Duration, SystemTime},
};

use super::inherited;
use crate::{
    outcome,
    process::{
        Identity,
        keeper::{Keeper, Kept},
        liveness::{AliveReason, DeadReason, Liveness, UnknownReason},
        platform::{keepers, may_not_read, owner_of},
    },
};

/// The owner that a lock file names.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// # let directory = data.path();
/// use lockhost::{AliveReason, Liveness};
///
/// let lock = lockhost::acquire(directory)?;
/// let refused = lockhost::acquire(directory).unwrap_err();
/// let holder = refused.holder().unwrap();
/// assert_eq!(holder.liveness(), Liveness::Alive(AliveReason::ThisProcess));
/// assert_eq!(holder.pid(), Some(lock.pid()));
/// if holder.is_claimed() {
///     assert_eq!(holder.identity(), Some(lock.identity()));
/// }
/// println!("{} since {:?}: {}", holder.file(), holder.since(), holder.explanation());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    file: String,
    pid: Option<u32>,
    identity: Option<String>,
    claimed: bool,
    since: Option<SystemTime>,
    liveness: Liveness,
    keepers: Vec<Keeper>,
    reader: Option<u32>,
    forked: bool,
}

impl Holder {
    pub(crate) fn new(directory: &Path, file: String, holder: outcome::Holder) -> Self {
        let since = holder.since.and_then(|time| {
            SystemTime::UNIX_EPOCH.checked_add(Duration::new(time.seconds, time.nanoseconds))
        });
        let liveness = holder.liveness;
        let path = directory.join(&file);
        let keepers = match liveness {
            Liveness::Alive(AliveReason::Evidence) => keepers(&path),
            _ => Vec::new(),
        };
        // For a person to read: the path may name another file by now.
        let unread = holder.pid.is_none() && keepers.is_empty() && may_not_read(&path);
        let reader = if unread { owner_of(&path) } else { None };
        let maker = match &holder.identity {
            Some(identity) if unread && holder.claimed => Identity::parse(identity),
            _ => None,
        };
        let forked = inherited::is_forkers(holder.pid, holder.identity.as_deref(), holder.claimed);
        Self {
            forked,
            file,
            pid: holder.pid.or(maker.map(|maker| maker.pid())),
            identity: holder.identity,
            claimed: holder.claimed,
            since,
            liveness,
            keepers,
            reader,
        }
    }

    /// Makes a holder as [`new`](Self::new) does, for a file that only this user may read.
    #[cfg(all(test, not(windows)))]
    pub(crate) fn unread(
        directory: &Path,
        file: String,
        holder: outcome::Holder,
        user: u32,
    ) -> Self {
        Self {
            reader: Some(user),
            ..Self::new(directory, file, holder)
        }
    }

    /// Returns the file's name in the directory: the lock, or one of its reclaim locks.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the number in the file, 1 to 2147483647, as the process that wrote it knows itself. `None` if the file
    /// holds no valid number. If the file holds more than a pid, it is the first number in it of a process that is not
    /// dead. If the file may not be read, it is the number in [`identity`](Self::identity).
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Returns the text that means exactly this owner to [`Options::assume_dead`](crate::Options::assume_dead). `None`
    /// if the file names no owner.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Returns whether the file has a claim, and so an identity that contains more than a pid. If not, another program
    /// wrote it, or its file system has no hard links.
    #[must_use]
    pub fn is_claimed(&self) -> bool {
        self.claimed
    }

    /// Returns when the lock was acquired, by the file's modification time; `None` where the file system keeps none.
    #[must_use]
    pub fn since(&self) -> Option<SystemTime> {
        self.since
    }

    /// Returns whether the owner lives, and how that is known.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        self.liveness
    }

    /// Returns the number of the user who, besides root, may read the file, if this process may not read it. Only these
    /// users can check whether a process keeps the file locked, and take the lock over.
    /// [`Options::mode`](crate::Options::mode) makes locks that other users can judge.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// let lock = lockhost::acquire(data.path())?;
    /// let refused = lockhost::acquire(data.path()).unwrap_err();
    /// let holder = refused.holder().expect("a refusal names the holder");
    /// assert_eq!(holder.reader(), None, "this user made the file, and may read it");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn reader(&self) -> Option<u32> {
        self.reader
    }

    /// Returns the processes that keep the file locked, where that is the evidence ([`AliveReason::Evidence`]), and as
    /// far as this process may examine others. Some may be missing: on Linux, at most ten thousand open files are
    /// examined, a thousand of each process. The process that locked the file is found first.
    ///
    /// ```no_run
    /// if let Err(error) = lockhost::acquire("data") {
    ///     for keeper in error.holder().into_iter().flat_map(|holder| holder.keepers()) {
    ///         println!("in use by {} (pid {})", keeper.command(), keeper.pid());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn keepers(&self) -> &[Keeper] {
        &self.keepers
    }

    /// Returns what is known about the owner's life in words, as in a refusal: a clause without a full stop.
    #[must_use]
    pub fn explanation(&self) -> String {
        let told = match self.liveness() {
            Liveness::Alive(AliveReason::Evidence) => return Kept(self.keepers()).to_string(),
            Liveness::Alive(AliveReason::ThisProcess) => "it is this process itself",
            Liveness::Dead(DeadReason::NoProcess) => "no process has this pid",
            Liveness::Dead(DeadReason::Zombie) => "the process has ended, and is a zombie",
            Liveness::Dead(DeadReason::Thread) => "the pid is now the number of a thread",
            Liveness::Dead(DeadReason::Reused) => "the pid is now the number of another process",
            Liveness::Dead(DeadReason::EvidenceGone) => "the owner no longer keeps its file locked",
            Liveness::Dead(DeadReason::Nobody) => "nobody keeps the file locked",
            Liveness::Alive(_) | Liveness::Unknown(_) => {
                self.doubt().unwrap_or("the process is running")
            }
        };
        match self.reader() {
            Some(user) => format!("{told}; {}", Unread(user)),
            None => told.to_owned(),
        }
    }

    /// Returns why it is not certain that a holder that counts as alive does live; `None` if it certainly lives, or is
    /// dead.
    pub(crate) fn doubt(&self) -> Option<&'static str> {
        Some(match self.liveness() {
            Liveness::Alive(
                AliveReason::Evidence | AliveReason::Running | AliveReason::ThisProcess,
            )
            | Liveness::Dead(_) => return None,
            Liveness::Alive(AliveReason::Exists) if self.is_claimed() => {
                "a process has this pid, and whether it is the owner cannot be told"
            }
            Liveness::Alive(AliveReason::Exists) => {
                "a process has this pid, and the file, which another program wrote or which was made without \
             hard links, says no more"
            }
            Liveness::Alive(AliveReason::Unguarded) => {
                "the process runs, but does not keep this file locked, so the file may be a copy of its lock (a backup), or \
             the process has closed descriptors that it did not know"
            }
            Liveness::Alive(AliveReason::OwnPid) => {
                "the pid is this process' own: the file is left from an earlier life of this container, or belongs to \
             another container that is alive"
            }
            Liveness::Unknown(UnknownReason::OtherBoot) => {
                "the owner lived before a reboot, or lives on another machine, and cannot be seen from here"
            }
            Liveness::Unknown(UnknownReason::OtherNamespace) => {
                "the owner lives in another PID namespace (a container), and cannot be seen from here"
            }
            Liveness::Unknown(UnknownReason::Unreadable)
                if !self.is_claimed() && self.pid().is_some() =>
            {
                "the file holds more than a pid, and a process has this number, so its owner may live"
            }
            Liveness::Unknown(UnknownReason::Unreadable) if !self.is_claimed() => {
                "no claim beside the file names its owner"
            }
            Liveness::Unknown(UnknownReason::Unreadable) => {
                "the owner's identity cannot be read by this version"
            }
            Liveness::Unknown(UnknownReason::NoAnswer) => "processes cannot be looked at here",
        })
    }

    /// Returns whether it is the process that forked this one, with the lock already held. This process inherited the
    /// lock's descriptors by fork(2), and no part in the lock. It keeps the file locked, even after that process has
    /// ended, until it drops its copy of the [`Lock`](crate::Lock).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// let lock = lockhost::acquire(data.path())?;
    /// let refused = lockhost::acquire(data.path()).unwrap_err();
    /// let holder = refused.holder().expect("a refusal names the holder");
    /// assert!(holder.is_this_process() && !holder.is_forker());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_forker(&self) -> bool {
        self.forked
    }

    /// Returns the same holder, as a child sees it that it has forked.
    #[cfg(all(test, not(windows)))]
    pub(crate) fn seen_from_child(self) -> Self {
        Self {
            forked: true,
            ..self
        }
    }

    /// Returns whether the holder is this process: another lock, or another attempt, in this same program.
    #[must_use]
    pub fn is_this_process(&self) -> bool {
        self.liveness == Liveness::Alive(AliveReason::ThisProcess)
    }
}

/// The clause that only this user may read a file.
pub(super) struct Unread(pub(super) u32);

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the file may not be read, and belongs to user {}",
            self.0
        )
    }
}
