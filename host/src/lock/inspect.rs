//! Judging a lock without acquiring it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::{Error, Kind},
    failure::not_a_lock,
    hint::{OPEN_DIRECTORY, WayOut},
    holder::Holder,
    message::Circumstance,
    name,
    options::Options,
};
use crate::{
    backend::{Chosen, Run},
    coordinator::CoordinatorError,
    member::Observer,
    outcome,
    printable::Printable,
    process::{
        liveness::{AliveReason, Liveness, UnknownReason},
        platform::open_directory,
    },
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
    failure: Option<CoordinatorError>,
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

    /// Returns why the [coordinator](Options::coordinator) did not answer, if it was asked about an owner and failed.
    /// Such an owner is unknown. [`Options::inspect`] has an example.
    #[must_use]
    pub fn coordinator_failure(&self) -> Option<&CoordinatorError> {
        self.failure.as_ref()
    }
}

impl Status {
    /// Returns the refusal by this owner if its session is there, at the coordinator: a person's word does not count against
    /// what is known.
    pub(super) fn lives_by_session(&self, owner: &str) -> Option<Error> {
        let lives = Liveness::Alive(AliveReason::Session);
        let mut holders = self.holder.iter().chain(&self.reclaims);
        let holder = holders.find(|it| it.liveness() == lives && it.identity() == Some(owner))?;
        let way_out = WayOut {
            name: self.name.clone(),
            directory: self.directory.clone(),
            beside: None,
        };
        let kind = Kind::Held(holder.clone(), Circumstance::Owning, way_out);
        Some(Error::new(self.directory.join(holder.file()), kind))
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
    judge(directory.as_ref(), name, None)
}

impl Options {
    /// Judges the lock of this name as [`inspect`] does, and owners with sessions by the
    /// [coordinator](Self::coordinator). Of the other options, only [`name`](Self::name) counts.
    ///
    /// The coordinator is asked once about such an owner, and not at all about others. Nothing is written there, and nothing
    /// is watched. So an owner whose session is gone is [`UnknownReason::Gone`], however long ago it died: an attempt watches
    /// the session, and then takes the lock over. Where the coordinator fails,
    /// [`Status::coordinator_failure`] returns why.
    ///
    /// ```no_run
    /// use lockhost::{Liveness, Options, UnknownReason};
    ///
    /// fn report(options: &Options) -> Result<(), lockhost::Error> {
    ///     let status = options.inspect("/mnt/billing")?;
    ///     match status.holder().map(|holder| holder.liveness()) {
    ///         Some(Liveness::Unknown(UnknownReason::Gone)) => println!("its session is gone"),
    ///         _ => println!("{:?}", status.state()),
    ///     }
    ///     if let Some(failure) = status.coordinator_failure() {
    ///         println!("{failure}");
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`inspect`]. A coordinator that fails is no error.
    pub fn inspect(&self, directory: impl AsRef<Path>) -> Result<Status, Error> {
        let observer = self.coordination.as_ref().map(Observer::new);
        judge(directory.as_ref(), &self.name, observer.map(Arc::new))
    }
}

fn judge(path: &Path, name: &str, observer: Option<Arc<Observer>>) -> Result<Status, Error> {
    let _span = tracing::debug_span!("inspect", directory = ?path, name).entered();
    name::check(name).map_err(|flaw| Error::name(name, flaw))?;
    let directory =
        open_directory(path).map_err(|error| Error::io(path.to_owned(), OPEN_DIRECTORY, error))?;
    let answer = Chosen::inspect(directory, name, observer.clone());
    match answer.map_err(|error| Error::internal(path, error))? {
        Ok(status) => {
            let mut holders = status
                .files
                .into_iter()
                .map(|it| Holder::new(path, it.file, unwatched(it.holder)));
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
                failure: observer.and_then(|observer| observer.failure()),
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

/// Returns a holder as an observer judged it: the contract has one name for a session that is gone, watched or not.
fn unwatched(holder: outcome::Holder) -> outcome::Holder {
    match holder.liveness {
        Liveness::Unknown(UnknownReason::Watched) => outcome::Holder {
            liveness: Liveness::Unknown(UnknownReason::Gone),
            ..holder
        },
        _ => holder,
    }
}
