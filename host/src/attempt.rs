//! Trying for the lock.

use std::{
    fmt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use wasmtime::component::ResourceAny;

use crate::{
    bindings::exports::lockhost::lockfile::lockfile as wit,
    component::{Instance, at_once},
    error::{Circumstance, Error, Kind},
    holder::Holder,
    lock::Lock,
    pause::Pause,
    phrase,
    process::{
        self,
        platform::{self, open_directory},
    },
};

/// The lock's name where none is chosen: the one of the program that this protocol comes from.
pub const DEFAULT_NAME: &str = "tinyforge.lock";

/// Which lock, and how.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// let lock = lockhost::Options::new().name("plugin.lock").acquire(data.path())?;
/// assert!(lock.path().ends_with("plugin.lock"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    name: String,
    assume_dead: Option<String>,
    wait: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The lock [`DEFAULT_NAME`], no assumptions, and the patience that some files need.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: DEFAULT_NAME.to_owned(),
            assume_dead: None,
            wait: true,
        }
    }

    /// Choose the lock file's name: a plain file name that ends in `.lock` or `.pid`. Another name is answered with
    /// [`ErrorKind::BadName`](crate::ErrorKind::BadName).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Take the lock over from exactly this owner, as [`Holder::identity`] names it, though nobody can tell that it
    /// is dead. Useless once somebody else has come, and refused if the owner is known to live.
    #[must_use]
    pub fn assume_dead(mut self, identity: impl Into<String>) -> Self {
        self.assume_dead = Some(identity.into());
        self
    }

    /// Whether [`acquire`](Self::acquire) waits for what may be decided in some seconds (`true` from the
    /// start): a lock file that names nobody and may be another program's that is just being written, or another
    /// program that may be replacing the lock file. Without it, those are answered at once with
    /// [`ErrorKind::Unsettled`](crate::ErrorKind::Unsettled). No owner is ever waited for.
    ///
    /// On a file system without hard links an attempt that does not wait may leave a file that names nobody, and that is
    /// unsettled to others for up to a minute.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// std::fs::write(data.path().join("tinyforge.lock"), "")?;
    /// let error = lockhost::Options::new().wait(false).acquire(data.path()).unwrap_err();
    /// assert_eq!(error.kind(), lockhost::ErrorKind::Unsettled);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn wait(mut self, wait: bool) -> Self {
        self.wait = wait;
        self
    }

    pub(crate) fn lock_name(&self) -> &str {
        &self.name
    }

    /// Take the lock on a directory. Waits for what has to settle, for some seconds at most; never for an owner.
    ///
    /// # Errors
    /// Any [`Error`] but a lost lock.
    pub fn acquire(&self, directory: impl AsRef<Path>) -> Result<Lock, Error> {
        let mut attempt = self.attempt(directory)?;
        loop {
            match self.proceed(&mut attempt)? {
                Progress::Acquired(lock) => return Ok(lock),
                Progress::Waiting(waiting) => thread::sleep(waiting.retry_after()),
            }
        }
    }

    /// As [`acquire`](Self::acquire), for callers that must not block while something has to settle. Any executor will
    /// do: nothing is expected of it, and no runtime is started. A thread of this crate's sleeps for as long as is
    /// waited for something, which nearly never happens.
    ///
    /// Dropping the future gives the attempt up, and leaves nothing. Between its waits it works on the thread that polls
    /// it: some tens of microseconds of plain file operations on a local disk, and half a millisecond more the first
    /// time in a process. Where a directory may hang (a network mount), have [`acquire`](Self::acquire) run where your
    /// executor has blocking calls run.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let lock = lockhost::Options::new().name("plugin.lock").acquire_async(data.path()).await?;
    /// assert!(lock.still_held()?);
    /// # Ok::<_, lockhost::Error>(())
    /// # })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); [`ErrorKind::Io`](crate::ErrorKind::Io) also if something has to be waited for
    /// and no thread can be started.
    pub async fn acquire_async(&self, directory: impl AsRef<Path>) -> Result<Lock, Error> {
        let mut attempt = self.attempt(directory)?;
        loop {
            match self.proceed(&mut attempt)? {
                Progress::Acquired(lock) => return Ok(lock),
                Progress::Waiting(waiting) => {
                    Pause::begin(waiting.retry_after())
                        .map_err(|error| Error::io(waiting.path, "wait for", error))?
                        .await
                }
            }
        }
    }

    /// What has to be waited for is an error to those who do not wait.
    fn proceed(&self, attempt: &mut Attempt) -> Result<Progress, Error> {
        match attempt.proceed()? {
            Progress::Waiting(waiting) if !self.wait => {
                Err(Error::new(waiting.path, Kind::Unsettled(waiting.awaited)))
            }
            progress => Ok(progress),
        }
    }

    /// Begin an attempt, for callers that wait in their own way. Nothing is touched yet.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the directory cannot be opened,
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if the component cannot be loaded.
    pub fn attempt(&self, directory: impl AsRef<Path>) -> Result<Attempt, Error> {
        let path = directory.as_ref().to_owned();
        let directory = open_directory(&path)
            .map_err(|error| Error::io(path.clone(), "open directory", error))?;
        let start = || {
            let mut instance = Instance::new()?;
            let directory = instance.hand_in(directory)?;
            let options = wit::Options {
                name: self.name.clone(),
                assume_dead: self.assume_dead.clone(),
            };
            let guest = instance.exports.lockhost_lockfile_lockfile();
            let attempt = at_once(guest.attempt().call_constructor(
                &mut instance.store,
                directory,
                &options,
            ))?;
            Ok((instance, attempt))
        };
        let (instance, attempt) = start().map_err(|error| Error::internal(&path, error))?;
        Ok(Attempt {
            directory: path,
            begun: Instant::now(),
            maker: platform::number(),
            options: self.clone(),
            trying: Some((instance, attempt)),
        })
    }
}

/// Take the lock on a directory, under the name [`DEFAULT_NAME`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// let lock = lockhost::acquire(data.path())?;
/// println!("{} is ours", lock.path().display());
///
/// let refused = lockhost::acquire(data.path()).unwrap_err();
/// assert_eq!(refused.kind(), lockhost::ErrorKind::Held);
/// assert!(refused.holder().is_some_and(|holder| holder.is_this_process()));
///
/// lock.release()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Options::acquire`].
pub fn acquire(directory: impl AsRef<Path>) -> Result<Lock, Error> {
    Options::new().acquire(directory)
}

/// As [`acquire`], for callers that must not block while something has to settle: [`Options::acquire_async`] says more.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let lock = lockhost::acquire_async(data.path()).await?;
/// // … use the directory …
/// lock.release()?;
/// # Ok::<_, lockhost::Error>(())
/// # })?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Options::acquire_async`].
pub async fn acquire_async(directory: impl AsRef<Path>) -> Result<Lock, Error> {
    Options::new().acquire_async(directory).await
}

/// One try for a lock, over as many steps as it has to wait for something. Dropping it gives it up and removes what it
/// made, except in a child made by fork(2).
pub struct Attempt {
    directory: PathBuf,
    begun: Instant,
    maker: (u32, Option<u64>),
    options: Options,
    trying: Option<(Instance, ResourceAny)>,
}

/// How far an [`Attempt`] has come.
#[derive(Debug)]
pub enum Progress {
    /// The lock is held.
    Acquired(Lock),
    /// Something has to be waited for.
    Waiting(Waiting),
}

/// What an [`Attempt`] waits for. It keeps what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    path: PathBuf,
    awaited: Awaited,
    retry_after: Duration,
}

/// What is waited for, to match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Awaited {
    /// A lock file that names nobody may be another program's between its creation and its first write.
    Settling,
    /// Another program may be about to replace the lock file.
    OtherReclaim,
}

impl Waiting {
    /// The file that is in the way.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is waited for.
    #[must_use]
    pub fn awaited(&self) -> Awaited {
        self.awaited
    }

    /// When it is worth going on.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.retry_after
    }
}

impl Attempt {
    /// Go on as far as possible without waiting. After an error or a lock the attempt is over, and says so by
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal).
    ///
    /// # Errors
    /// Any [`Error`] but a lost lock.
    pub fn proceed(&mut self) -> Result<Progress, Error> {
        let (mut instance, attempt) = match self.trying.take() {
            Some(trying) if process::is_still(self.maker) => trying,
            _ => return Err(ended(&self.directory)),
        };
        let elapsed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let guest = instance.exports.lockhost_lockfile_lockfile();
        let outcome = at_once(
            guest
                .attempt()
                .call_try(&mut instance.store, attempt, elapsed),
        )
        .map_err(|error| Error::internal(&self.directory, error))?;
        match outcome {
            Ok(lock) => {
                // It is an empty shell by now; if this failed, so would whatever is asked of the lock next.
                let _ = at_once(attempt.resource_drop_async(&mut instance.store));
                Lock::new(self.directory.clone(), instance, lock).map(Progress::Acquired)
            }
            Err(wit::Error {
                file,
                cause: wit::Cause::Again(waiting),
            }) => {
                self.trying = Some((instance, attempt));
                Ok(Progress::Waiting(Waiting {
                    path: self.directory.join(file),
                    awaited: match waiting.awaited {
                        wit::Awaited::Settling => Awaited::Settling,
                        wit::Awaited::OtherReclaim => Awaited::OtherReclaim,
                    },
                    retry_after: Duration::from_millis(waiting.retry_ms.into()),
                }))
            }
            Err(error) => Err(refused(&self.directory, &self.options, error)),
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some((mut instance, attempt)) = self.trying.take()
            && process::is_still(self.maker)
        {
            // Nobody is left to be told.
            let _ = at_once(attempt.resource_drop_async(&mut instance.store));
        }
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

fn refused(directory: &Path, options: &Options, error: wit::Error) -> Error {
    let wit::Error { file, cause } = error;
    let path = directory.join(&file);
    let kind = match cause {
        wit::Cause::Held(refusal) => {
            let circumstance = match refusal.occupation {
                wit::Occupation::Owning => Circumstance::Owning,
                wit::Occupation::Reclaiming => Circumstance::Reclaiming,
                wit::Occupation::Overtaking => Circumstance::Overtaking,
            };
            let way_out = phrase::WayOut {
                name: options.name.clone(),
                directory: directory.to_owned(),
                beside: None,
            };
            let is_lock = file == options.name;
            let holder = Holder::new(file, refusal.holder);
            let held = Error::new(path.clone(), Kind::Held(holder, circumstance, way_out));
            // Whose lock it is was no matter then: it is the reclaim lock that is in the way.
            return match &options.assume_dead {
                Some(assumed) if !is_lock => held.beside(assumed, &path),
                _ => held,
            };
        }
        wit::Cause::Again(_) | wit::Cause::Contended => Kind::Contended,
        wit::Cause::NotALock(what) => Kind::NotALock(phrase::not_a_lock(what)),
        wit::Cause::TooDeep => Kind::TooDeep,
        wit::Cause::Failed(failure) => return Error::failed(directory, &file, failure),
        wit::Cause::Host(why) => return Error::new(directory.to_owned(), Kind::Host(why)),
        wit::Cause::BadName => return Error::new(file.into(), Kind::BadName),
        wit::Cause::Ended => return ended(directory),
    };
    Error::new(path, kind)
}

fn ended(directory: &Path) -> Error {
    let why = "this attempt has ended, or is a parent process'".to_owned();
    Error::new(directory.to_owned(), Kind::Host(why))
}
