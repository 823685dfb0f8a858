//! The dead locks that an attempt replaced, and why.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::message::Pid;
use crate::{outcome, process::liveness::DeadReason};

/// A dead file that was removed to acquire a lock. Its text is the reason, as in `stale lockfile (dead pid 123)`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// # let directory = data.path();
/// use lockhost::{DeadReason, ReplacedReason};
///
/// // A number beyond what Linux ever counts to.
/// std::fs::write(directory.join("tinyforge.lock"), "999999999\n")?;
/// let lock = lockhost::acquire(directory)?;
/// let dead = &lock.replaced()[0];
/// assert_eq!(dead.path(), lock.path());
/// assert_eq!(dead.pid(), Some(999_999_999));
/// # if cfg!(target_os = "linux") {
/// assert_eq!(dead.reason(), ReplacedReason::Dead(DeadReason::NoProcess));
/// assert_eq!(dead.to_string(), "stale lockfile (dead pid 999999999)");
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    path: PathBuf,
    pid: Option<u32>,
    reason: ReplacedReason,
}

/// The reason why a file was replaced. [`Replaced`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplacedReason {
    /// Its owner was dead.
    Dead(DeadReason),
    /// It was empty or malformed, and had settled.
    Malformed,
    /// [`Options::assume_dead`](crate::Options::assume_dead) named its owner.
    AssumedDead,
}

impl Replaced {
    pub(crate) fn new(directory: &Path, replaced: outcome::Replaced) -> Self {
        Self {
            path: directory.join(replaced.file),
            pid: replaced.pid,
            reason: match replaced.reason {
                outcome::ReplacedReason::Dead(reason) => ReplacedReason::Dead(reason),
                outcome::ReplacedReason::Malformed => ReplacedReason::Malformed,
                outcome::ReplacedReason::AssumedDead => ReplacedReason::AssumedDead,
            },
        }
    }

    /// Returns the path of the file: the lock, or one of its reclaim locks.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the number that it held, if it held one.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Returns why it could be replaced.
    #[must_use]
    pub fn reason(&self) -> ReplacedReason {
        self.reason
    }
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pid = Pid(self.pid);
        match self.reason {
            ReplacedReason::Malformed => f.write_str("malformed existing lockfile"),
            ReplacedReason::AssumedDead => {
                write!(f, "lockfile of {pid}, assumed dead by request")
            }
            ReplacedReason::Dead(reason) => {
                write!(f, "stale lockfile (dead {pid}{})", death(reason))
            }
        }
    }
}

/// Returns what a reason adds to "dead".
fn death(reason: DeadReason) -> &'static str {
    match reason {
        DeadReason::NoProcess | DeadReason::Nobody => "",
        DeadReason::Zombie => ", a zombie",
        DeadReason::Thread => ", now the number of a thread",
        DeadReason::Reused => ", now the number of another process",
        DeadReason::SessionGone => ", whose session is gone",
        DeadReason::EvidenceGone => ", which no longer keeps its file locked",
    }
}
