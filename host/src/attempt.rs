//! Trying for the lock.

use std::{
    fmt, mem,
    os::fd::BorrowedFd,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tracing::{debug, debug_span};
use wasmtime::component::ResourceAny;

use crate::{
    bindings::exports::lockhost::lockfile::lockfile as wit,
    component::{Instance, at_once},
    error::{Circumstance, Error, ErrorKind, Kind},
    holder::Holder,
    lock::Lock,
    pause::Pause,
    phrase,
    process::{
        self,
        platform::{self, open_directory},
    },
    vigil::Vigil,
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
    patience: Duration,
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
            patience: Duration::ZERO,
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
    /// [`ErrorKind::Unsettled`](crate::ErrorKind::Unsettled). Owners are waited for with [`patience`](Self::patience).
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

    /// How long a lock is waited for that somebody else has: not at all from the start, `Duration::MAX` for ever. Then the
    /// refusal is the answer that it would have been at once.
    ///
    /// It is taken within milliseconds of its release or its owner's death where the system tells of that, by watching
    /// the lock file and the owner's process, and within a second elsewhere (network file systems, owners that cannot be
    /// seen from here). Whoever comes first after a release gets the lock, and not who has waited longest. A thread that
    /// waits for a lock that it has itself waits in vain.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// use std::{thread, time::Duration};
    ///
    /// let lock = lockhost::acquire(data.path())?;
    /// let path = data.path().to_owned();
    /// let next = thread::spawn(move || lockhost::Options::new().patience(Duration::MAX).acquire(path));
    /// lock.release()?;
    /// next.join().unwrap()?.release()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Take the lock on a directory. Waits for what has to settle, for some seconds at most, and for an owner only with
    /// [`patience`](Self::patience).
    ///
    /// # Errors
    /// Any [`Error`] but a lost lock.
    pub fn acquire(&self, directory: impl AsRef<Path>) -> Result<Lock, Error> {
        let mut attempt = self.attempt(directory)?;
        loop {
            match self.proceed(&mut attempt)? {
                Progress::Acquired(lock) => return Ok(lock),
                Progress::Waiting(waiting) => attempt.vigil.sleep(waiting.retry_after()),
            }
        }
    }

    /// As [`acquire`](Self::acquire), for callers that must not block while something has to settle, or an owner is waited
    /// for. Any executor will do: nothing is expected of it, and no runtime is started. A thread of this crate's sleeps
    /// for as long as something is waited for, which without [`patience`](Self::patience) nearly never happens.
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
    /// and there is no thread or descriptor left for that.
    pub async fn acquire_async(&self, directory: impl AsRef<Path>) -> Result<Lock, Error> {
        let mut attempt = self.attempt(directory)?;
        loop {
            match self.proceed(&mut attempt)? {
                Progress::Acquired(lock) => return Ok(lock),
                Progress::Waiting(waiting) => {
                    Pause::begin(waiting.retry_after(), attempt.descriptors())
                        .map_err(|error| Error::io(waiting.path, "wait for", error))?
                        .await
                }
            }
        }
    }

    /// What has to be waited for is an error to those who do not wait.
    fn proceed(&self, attempt: &mut Attempt) -> Result<Progress, Error> {
        match attempt.proceed()? {
            Progress::Waiting(waiting) if !self.wait && waiting.awaited != Awaited::Release => {
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
        let directory = directory.as_ref().to_owned();
        Ok(Attempt {
            tries: Tries::Begun(Box::new(self.begin(&directory)?)),
            directory,
            begun: Instant::now(),
            maker: platform::number(),
            options: self.clone(),
            vigil: Vigil::default(),
        })
    }

    fn begin(&self, path: &Path) -> Result<Try, Error> {
        let directory = open_directory(path)
            .map_err(|error| Error::io(path.to_owned(), "open directory", error))?;
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
            Ok(Try {
                begun: Instant::now(),
                instance,
                attempt,
            })
        };
        start().map_err(|error| Error::internal(path, error))
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
    options: Options,
    directory: PathBuf,
    begun: Instant,
    maker: (u32, Option<u64>),
    tries: Tries,
    vigil: Vigil,
}

/// How an attempt goes on.
enum Tries {
    /// With this.
    Begun(Box<Try>),
    /// With another one: the last was refused.
    Again,
    /// Not at all.
    Ended,
}

/// One run of the component, which ends with a lock or an answer.
struct Try {
    begun: Instant,
    instance: Instance,
    attempt: ResourceAny,
}

/// How often in a row it is looked who has come in between, before the caller has its turn.
const LOOKS: usize = 8;

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
    holder: Option<Holder>,
}

/// What is waited for, to match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Awaited {
    /// A lock file that names nobody may be another program's between its creation and its first write.
    Settling,
    /// Another program may be about to replace the lock file.
    OtherReclaim,
    /// Somebody has the lock, and [`Options::patience`] says to wait.
    Release,
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

    /// When it is worth going on, if none of [`Attempt::descriptors`] is readable before. `Duration::MAX` if only then.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.retry_after
    }

    /// Who has the lock that is waited for. `None` if it is something else that is awaited, or if it is contended.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }
}

impl Attempt {
    /// Go on as far as possible without waiting. After an error or a lock the attempt is over, and says so by
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal).
    ///
    /// # Errors
    /// Any [`Error`] but a lost lock.
    pub fn proceed(&mut self) -> Result<Progress, Error> {
        let _span = debug_span!("attempt", directory = ?self.directory).entered();
        let outcome = self.try_on();
        match &outcome {
            Ok(Progress::Acquired(lock)) => debug!(identity = lock.identity(), "acquired"),
            Ok(Progress::Waiting(waiting)) => debug!(?waiting, "waiting"),
            Err(error) => debug!(kind = ?error.kind(), "{error}"),
        }
        outcome
    }

    fn try_on(&mut self) -> Result<Progress, Error> {
        if !process::is_still(self.maker) {
            return Err(ended(&self.directory));
        }
        self.vigil.wake();
        let mut looks = LOOKS;
        loop {
            let refusal = match self.go_on() {
                Err(error) if is_worth_waiting_for(&error) => error,
                outcome => return outcome,
            };
            let Some(left) = self.left() else {
                return Err(refusal);
            };
            self.tries = Tries::Again;
            looks -= 1;
            // Somebody new may have gone again before it was watched.
            let pause = match self.vigil.turn_to(&refusal) {
                true if looks > 0 => continue,
                true => Duration::ZERO,
                false => self.vigil.pause().min(left),
            };
            return Ok(Progress::Waiting(Waiting::for_release(&refusal, pause)));
        }
    }

    /// What to poll(2) beside the time that there is to wait: one of them becomes readable when it may be worth going on
    /// earlier. They are others after each [`proceed`](Self::proceed), and there are none while no owner is waited for.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.vigil.descriptors()
    }

    /// How much of its patience is left; `None` if it is over.
    fn left(&self) -> Option<Duration> {
        if self.options.patience == Duration::MAX {
            return Some(Duration::MAX);
        }
        let left = self.options.patience.checked_sub(self.begun.elapsed())?;
        (!left.is_zero()).then_some(left)
    }

    fn go_on(&mut self) -> Result<Progress, Error> {
        let current = match mem::replace(&mut self.tries, Tries::Ended) {
            Tries::Begun(current) => *current,
            Tries::Again => self.options.begin(&self.directory)?,
            Tries::Ended => return Err(ended(&self.directory)),
        };
        let Try {
            begun,
            mut instance,
            attempt,
        } = current;
        let elapsed = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
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
                let watch = mem::take(&mut self.vigil).into_watch();
                Lock::new(self.directory.clone(), instance, lock, watch).map(Progress::Acquired)
            }
            Err(wit::Error {
                file,
                cause: wit::Cause::Again(waiting),
            }) => {
                self.tries = Tries::Begun(Box::new(Try {
                    begun,
                    instance,
                    attempt,
                }));
                let path = self.directory.join(file);
                Ok(Progress::Waiting(Waiting::as_told(path, &waiting)))
            }
            Err(error) => Err(refused(&self.directory, &self.options, error)),
        }
    }
}

impl Waiting {
    fn as_told(path: PathBuf, waiting: &wit::Waiting) -> Self {
        Self {
            path,
            awaited: match waiting.awaited {
                wit::Awaited::Settling => Awaited::Settling,
                wit::Awaited::OtherReclaim => Awaited::OtherReclaim,
            },
            retry_after: Duration::from_millis(waiting.retry_ms.into()),
            holder: None,
        }
    }

    fn for_release(refusal: &Error, retry_after: Duration) -> Self {
        Self {
            path: refusal.path().to_owned(),
            awaited: Awaited::Release,
            retry_after,
            holder: refusal.holder().cloned(),
        }
    }
}

fn is_worth_waiting_for(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Held | ErrorKind::Contended)
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Tries::Begun(current) = &mut self.tries
            && process::is_still(self.maker)
        {
            // Nobody is left to be told.
            let store = &mut current.instance.store;
            let _ = at_once(current.attempt.resource_drop_async(store));
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
            let holder = Holder::new(directory, file, refusal.holder);
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
