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

    /// Returns the same holder, kept by these processes.
    #[cfg(all(test, not(windows)))]
    pub(crate) fn kept_by(self, keepers: Vec<Keeper>) -> Self {
        Self { keepers, ..self }
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

    /// Returns what is known about the owner's life in words: a clause without a full stop.
    #[must_use]
    pub fn explanation(&self) -> String {
        let fact = match self.liveness() {
            Liveness::Alive(AliveReason::Evidence) => return Kept(self.keepers()).to_string(),
            Liveness::Alive(reason) => self.alive_because(reason),
            Liveness::Unknown(reason) => self.unknown_because(reason),
            Liveness::Dead(DeadReason::NoProcess) => "no process has this pid",
            Liveness::Dead(DeadReason::Zombie) => "the process has ended, and is a zombie",
            Liveness::Dead(DeadReason::Thread) => "the pid is now the number of a thread",
            Liveness::Dead(DeadReason::Reused) => "the pid is now the number of another process",
            Liveness::Dead(DeadReason::EvidenceGone) => "the owner no longer keeps its file locked",
            Liveness::Dead(DeadReason::Nobody) => "no process keeps the file locked",
            Liveness::Dead(DeadReason::SessionGone) => {
                "its session is gone from the coordinator, for longer than it can act"
            }
        };
        match self.reader() {
            Some(user) => format!("{fact}; {}", Unread(user)),
            None => fact.to_owned(),
        }
    }

    fn alive_because(&self, reason: AliveReason) -> &'static str {
        match reason {
            AliveReason::Evidence => "the kernel keeps the file locked",
            AliveReason::Running => "the process is running",
            AliveReason::ThisProcess => "it is this process itself",
            AliveReason::Session => "its session is there, at the coordinator",
            AliveReason::Exists if self.is_claimed() => {
                "a process has this pid, and may be another one than the owner"
            }
            AliveReason::Exists => "a process has this pid, and the file contains nothing else",
            AliveReason::Unguarded => {
                "the process runs, but does not keep the file locked: the file may be a copy of its lock (a backup), or the \
                 process closed descriptors that it did not open"
            }
            AliveReason::OwnPid => {
                "this process has the same pid: the file is left from an earlier run of this container, or belongs to \
                 another container that is alive"
            }
        }
    }

    fn unknown_because(&self, reason: UnknownReason) -> &'static str {
        match reason {
            UnknownReason::OtherBoot => {
                "the owner ran before a reboot, or runs on another machine, and is not visible from here"
            }
            UnknownReason::OtherNamespace => {
                "the owner runs in another PID namespace (a container), and is not visible from here"
            }
            UnknownReason::Unreadable if self.is_claimed() => {
                "this version cannot read the owner's identity"
            }
            UnknownReason::Unreadable if self.pid().is_some() => {
                "the file contains more than a pid, or no claim of the owner is visible from here"
            }
            UnknownReason::Unreadable => "no claim beside the file names its owner",
            UnknownReason::NoAnswer => "this system does not show its processes",
            UnknownReason::NoCoordinator => {
                "the owner has a session at a coordinator, which was not asked"
            }
            UnknownReason::Unreachable => "the coordinator of the owner's session does not answer",
            UnknownReason::OtherIncarnation => {
                "the owner's session is at another coordinator, or from before its data was wiped"
            }
            UnknownReason::Watched => {
                "the owner's session is gone, and is watched until the owner cannot act any more"
            }
            UnknownReason::Gone => {
                "the owner's session is gone from the coordinator, since when is not known"
            }
        }
    }

    /// Returns why it is not certain that a holder that counts as alive does live. Returns `None` if it certainly
    /// lives, or is dead. It is [`explanation`](Self::explanation) in few words, for the line of a refusal.
    pub(crate) fn doubt(&self) -> Option<&'static str> {
        Some(match self.liveness() {
            Liveness::Alive(
                AliveReason::Evidence
                | AliveReason::Running
                | AliveReason::ThisProcess
                | AliveReason::Session,
            )
            | Liveness::Dead(_) => return None,
            Liveness::Alive(AliveReason::Exists) if self.is_claimed() => {
                "its pid is in use, maybe reused"
            }
            Liveness::Alive(AliveReason::Exists) => "only a pid, which is in use",
            Liveness::Alive(AliveReason::Unguarded) => "it runs, but the file is not locked",
            Liveness::Alive(AliveReason::OwnPid) => "this process has the same pid",
            Liveness::Unknown(UnknownReason::OtherBoot) => "other boot/machine",
            Liveness::Unknown(UnknownReason::OtherNamespace) => "other PID namespace",
            Liveness::Unknown(UnknownReason::Unreadable) if self.is_claimed() => {
                "unreadable identity"
            }
            Liveness::Unknown(UnknownReason::Unreadable) if self.pid().is_some() => {
                "the pid is no proof"
            }
            Liveness::Unknown(UnknownReason::Unreadable) => "no claim",
            Liveness::Unknown(UnknownReason::NoAnswer) => "invisible process",
            Liveness::Unknown(UnknownReason::NoCoordinator) => "no coordinator",
            Liveness::Unknown(UnknownReason::Unreachable) => "coordinator is away",
            Liveness::Unknown(UnknownReason::OtherIncarnation) => "other coordinator",
            Liveness::Unknown(UnknownReason::Watched) => "session is watched",
            Liveness::Unknown(UnknownReason::Gone) => "session is gone",
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

/// The clause that only this user, besides root, may read a file.
pub(super) struct Unread(pub(super) u32);

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "only user {} may read the file", self.0)
    }
}
