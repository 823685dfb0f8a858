//! Judging a lock without acquiring it.

use std::path::{Path, PathBuf};

use super::{
    error::{Error, Kind},
    failure::not_a_lock,
    hint::{OPEN_DIRECTORY, WayOut},
    holder::Holder,
    name,
};
use crate::{
    backend::{Chosen, Run},
    outcome,
    printable::Printable,
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

    /// Returns what a person can do who knows more about the [obstacle](Self::obstacle) than this process: the hint of
    /// a refusal, often with a command. Returns `None` if there is no doubt whether the obstacle lives.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// std::fs::write(data.path().join("tinyforge.lock"), "1\n")?;
    /// let status = lockhost::inspect(data.path(), lockhost::DEFAULT_NAME)?;
    /// assert!(status.hint().unwrap().contains("lockhost break --owner="));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let obstacle = self.obstacle().filter(|it| it.doubt().is_some())?;
        let way_out = WayOut {
            name: self.name.clone(),
            directory: self.directory.clone(),
            beside: None,
        };
        way_out
            .doubtful(obstacle, obstacle.file() != self.name)
            .map(|hint| Printable(hint).to_string())
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
    let directory =
        open_directory(path).map_err(|error| Error::io(path.to_owned(), OPEN_DIRECTORY, error))?;
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
