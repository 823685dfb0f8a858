//! Judging a lock without acquiring it.

use std::path::{Path, PathBuf};

use super::{
    error::{Error, Kind},
    failure::not_a_lock,
    holder::Holder,
    message::WayOut,
    name,
};
use crate::{
    backend::{Chosen, Run},
    outcome,
    process::{liveness::Liveness, platform::open_directory},
};

/// The state of a lock, as an attempt would find it. [`Status`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// There is no lock file.
    Free,
    /// The owner is alive.
    Held,
    /// It cannot be known whether the owner is alive; an attempt would be refused.
    Unknown,
    /// The owner is dead; an attempt would take the lock over.
    Stale,
    /// The file is empty or malformed; an attempt would take it over once it has settled.
    Malformed,
}

/// A lock, judged and not touched. Everything may have changed since.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// # let directory = data.path();
/// use lockhost::{DEFAULT_NAME, State, inspect};
///
/// let lock = lockhost::acquire(directory)?;
/// let status = inspect(directory, DEFAULT_NAME)?;
/// assert_eq!(status.path(), lock.path());
/// assert_eq!(status.state(), State::Held);
/// assert_eq!(status.holder().unwrap().pid(), Some(lock.pid()));
/// assert_eq!(status.obstacle(), status.holder());
/// assert!(status.reclaims().is_empty());
/// assert_eq!(status.would_have_evidence(), lock.has_evidence());
///
/// lock.release()?;
/// assert_eq!(inspect(directory, DEFAULT_NAME)?.state(), State::Free);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    directory: PathBuf,
    name: String,
    state: State,
    holder: Option<Holder>,
    reclaims: Vec<Holder>,
    evidence: bool,
}

impl Status {
    /// Returns the path of the lock file: the directory as it was given, joined with the lock's name. The file need not
    /// exist.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// Returns the state of the lock.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Returns the owner of the lock file; `None` if there is no file.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }

    /// Returns the owners of the reclaim locks, the first level first; empty while no process replaces a dead lock.
    #[must_use]
    pub fn reclaims(&self) -> &[Holder] {
        &self.reclaims
    }

    /// Returns the owner that would refuse an attempt made now: the lock's, or a process that replaces a dead lock at
    /// this moment.
    #[must_use]
    pub fn obstacle(&self) -> Option<&Holder> {
        match self.state {
            State::Free => None,
            State::Held | State::Unknown => self.holder(),
            State::Stale | State::Malformed => {
                let lives = |it: &&Holder| !matches!(it.liveness(), Liveness::Dead(_));
                self.reclaims.iter().find(lives)
            }
        }
    }

    /// Returns what a person who knows more about the [obstacle](Self::obstacle) than this process can do, with the
    /// commands: the sentence that a refusal ends with. `None` where there is no doubt, and where only another
    /// [user](Holder::reader) can do it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// std::fs::write(data.path().join("tinyforge.lock"), "1\n")?;
    /// let status = lockhost::inspect(data.path(), lockhost::DEFAULT_NAME)?;
    /// assert!(status.way_out().unwrap().contains("lockhost break"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn way_out(&self) -> Option<String> {
        let obstacle = self.obstacle()?;
        obstacle.doubt().filter(|_| obstacle.reader().is_none())?;
        let way_out = WayOut {
            name: self.name.clone(),
            directory: self.directory.clone(),
            beside: None,
        };
        let mut told = String::new();
        way_out.tell(&mut told, obstacle.identity()?).ok()?;
        Some(told)
    }

    /// Returns whether a lock that this process acquired here would have the kernel's evidence; see
    /// [`Lock::has_evidence`](crate::Lock::has_evidence).
    #[must_use]
    pub fn would_have_evidence(&self) -> bool {
        self.evidence
    }
}

/// Judges the lock of this name on a directory, and writes nothing.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// let status = lockhost::inspect(data.path(), lockhost::DEFAULT_NAME)?;
/// assert_eq!(status.state(), lockhost::State::Free);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ErrorKind::NotALock`](crate::ErrorKind::NotALock), [`ErrorKind::Io`](crate::ErrorKind::Io),
/// [`ErrorKind::BadName`](crate::ErrorKind::BadName) or [`ErrorKind::Internal`](crate::ErrorKind::Internal).
pub fn inspect(directory: impl AsRef<Path>, name: &str) -> Result<Status, Error> {
    let path = directory.as_ref();
    let _span = tracing::debug_span!("inspect", directory = ?path, name).entered();
    name::check(name).map_err(|flaw| Error::name(name, flaw))?;
    let directory = open_directory(path)
        .map_err(|error| Error::io(path.to_owned(), "open directory", error))?;
    let answer = Chosen::inspect(directory, name);
    match answer.map_err(|error| Error::internal(path, error))? {
        Ok(status) => {
            let mut holders = status
                .files
                .into_iter()
                .map(|it| Holder::new(path, it.file, it.holder));
            let (state, holder) = match status.state {
                outcome::State::Free => (State::Free, None),
                outcome::State::Held => (State::Held, holders.next()),
                outcome::State::Unknown => (State::Unknown, holders.next()),
                outcome::State::Stale => (State::Stale, holders.next()),
                outcome::State::Malformed => (State::Malformed, holders.next()),
            };
            Ok(Status {
                directory: path.to_owned(),
                name: name.to_owned(),
                state,
                holder,
                reclaims: holders.collect(),
                evidence: status.evidence,
            })
        }
        Err(outcome::InspectError { file, cause }) => Err(match cause {
            outcome::InspectCause::NotALock(what) => {
                Error::new(path.join(file), Kind::NotALock(not_a_lock(what)))
            }
            outcome::InspectCause::Failed(failure) => Error::failed(path, &file, failure),
            outcome::InspectCause::BadName => Error::new(file.into(), Kind::BadName),
        }),
    }
}
