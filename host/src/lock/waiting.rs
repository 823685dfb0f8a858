//! Reasons for an attempt to wait.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::holder::Holder;
use crate::{
    coordinator::CoordinatorError,
    member::{Member, Watched},
    outcome,
};

/// A wait of an [`Attempt`](crate::Attempt), which keeps what it has. [`Attempt`](crate::Attempt) has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub(super) path: PathBuf,
    pub(super) awaited: Awaited,
    pub(super) retry_after: Duration,
    pub(super) holder: Option<Holder>,
    pub(super) watched: Option<Watched>,
    pub(super) failure: Option<CoordinatorError>,
}

/// The reason for a wait, to match on. [`Attempt`](crate::Attempt) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Awaited {
    /// An empty or malformed lock file may be another program's, between its creation and its first write.
    Settling,
    /// Another program may be about to replace the lock file.
    OtherReclaim,
    /// A process holds the lock, and [`Options::patience`](crate::Options::patience) is set.
    Release,
    /// The session of the owner is gone from the coordinator, and is watched until its owner certainly does not act any more.
    /// [`Waiting::watched`] returns for how long.
    Session,
    /// The coordinator does not answer, and [`Options::patience`](crate::Options::patience) is set. It answered before:
    /// the first question of an attempt is not asked again. [`Waiting::coordinator_failure`] returns why.
    Coordinator,
    /// The directory was there, the path names none now, and [`Options::patience`](crate::Options::patience) is set.
    Directory,
}

impl Waiting {
    /// Returns the file that is in the way, or the directory that is missing.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the reason for the wait.
    #[must_use]
    pub fn awaited(&self) -> Awaited {
        self.awaited
    }

    /// Returns when to go on if none of [`Attempt::descriptors`](crate::Attempt::descriptors) is readable before: after
    /// a second at most. The system does not report everything that ends a wait. So a waiter checks once a second even
    /// where it expects a notification. A check takes some thirty system calls, as a refusal does. Where another process
    /// was quicker after a release, there are no descriptors for a moment, and this is 32 milliseconds at most.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.retry_after
    }

    /// Returns the holder of the lock that the attempt waits for, as the last check found it. `None` if it waits for
    /// something else, or if the lock is contended.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }
}

impl Waiting {
    /// Returns for how long the owner's session is gone, and in how long it counts as dead. `None` unless the attempt waits
    /// for [`Awaited::Session`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// use lockhost::Progress;
    ///
    /// let mut attempt = lockhost::Options::new().attempt(data.path())?;
    /// if let Progress::Waiting(waiting) = attempt.proceed()? {
    ///     if let Some((gone, left)) = waiting.watched() {
    ///         println!("gone for {gone:?}, dead in {left:?}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn watched(&self) -> Option<(Duration, Duration)> {
        self.watched.map(|watched| (watched.gone, watched.left))
    }

    /// Returns why the coordinator did not answer. `None` unless the attempt waits for [`Awaited::Coordinator`].
    ///
    /// ```
    /// # fn report(waiting: &lockhost::Waiting) {
    /// if let Some(failure) = waiting.coordinator_failure() {
    ///     eprintln!("the coordinator does not answer: {failure}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn coordinator_failure(&self) -> Option<&CoordinatorError> {
        self.failure.as_ref()
    }

    /// Returns a wait beside a coordinator: for a session that is watched, or for one that may be releasing.
    pub(super) fn for_session(
        path: PathBuf,
        retry_after: Duration,
        watched: Option<Watched>,
    ) -> Self {
        Self {
            path,
            awaited: Awaited::Session,
            retry_after,
            holder: None,
            watched,
            failure: None,
        }
    }

    /// Returns the same wait, with what is known of the session that is watched.
    pub(super) fn watching(self, member: &Member) -> Self {
        if self.awaited != Awaited::Session {
            return self;
        }
        let watched = member.watched();
        let left = watched.map_or(Duration::MAX, |watched| watched.left);
        let retry_after = self.retry_after.min(member.timing().period).min(left);
        Self {
            watched,
            retry_after,
            ..self
        }
    }

    pub(super) fn into_path(self) -> PathBuf {
        self.path
    }

    /// Returns what the backend waits for. An owner that may be putting its file back still counts as the holder.
    pub(super) fn as_told(
        path: PathBuf,
        waiting: &outcome::Waiting,
        refused_by: Option<&Holder>,
    ) -> Self {
        Self {
            path,
            awaited: match waiting.awaited {
                outcome::Awaited::Settling => Awaited::Settling,
                outcome::Awaited::OtherReclaim => Awaited::OtherReclaim,
                outcome::Awaited::Owner => Awaited::Release,
                outcome::Awaited::Session => Awaited::Session,
            },
            retry_after: Duration::from_millis(waiting.retry_ms.into()),
            holder: match waiting.awaited {
                outcome::Awaited::Owner => refused_by.cloned(),
                _ => None,
            },
            watched: None,
            failure: None,
        }
    }

    pub(super) fn for_release(path: &Path, holder: Option<&Holder>, retry_after: Duration) -> Self {
        Self {
            path: path.to_owned(),
            awaited: Awaited::Release,
            retry_after,
            holder: holder.cloned(),
            watched: None,
            failure: None,
        }
    }

    /// Returns the wait for a coordinator that failed.
    pub(super) fn for_coordinator(
        path: &Path,
        failure: Option<&CoordinatorError>,
        retry_after: Duration,
    ) -> Self {
        Self {
            path: path.to_owned(),
            awaited: Awaited::Coordinator,
            retry_after,
            holder: None,
            watched: None,
            failure: failure.cloned(),
        }
    }

    pub(super) fn for_directory(directory: &Path, retry_after: Duration) -> Self {
        Self {
            path: directory.to_owned(),
            awaited: Awaited::Directory,
            retry_after,
            holder: None,
            watched: None,
            failure: None,
        }
    }
}
