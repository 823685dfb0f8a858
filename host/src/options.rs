//! Which lock is wanted, and how it is taken.

use std::{path::Path, time::Duration};

use crate::{
    attempt::{Attempt, Awaited, Progress},
    error::{Error, Kind},
    lock::Lock,
    process::mode::Mode,
    sys::timer::Pause,
};

/// The lock's name where none is chosen: the one of the program that this protocol comes from. [`inspect`](crate::inspect)
/// has an example.
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
    pub(crate) name: String,
    pub(crate) assume_dead: Option<String>,
    pub(crate) mode: Mode,
    wait: bool,
    pub(crate) patience: Option<Duration>,
    pub(crate) wait_for_ancestor: bool,
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
            mode: Mode::PRIVATE,
            wait: true,
            patience: None,
            wait_for_ancestor: false,
        }
    }

    /// Choose the lock file's name: a plain file name that ends in `.lock` or `.pid`. Another name is answered with
    /// [`ErrorKind::BadName`](crate::ErrorKind::BadName).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Take the lock over from exactly this owner, as [`Holder::identity`](crate::Holder::identity) names it, though
    /// nobody can tell that it is dead. Useless once somebody else has come, and refused if the owner is known to live.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// use lockhost::{Options, ReplacedReason};
    ///
    /// // As an older program leaves it in a container, where everybody is process 1.
    /// std::fs::write(data.path().join("tinyforge.lock"), "1\n")?;
    /// let refused = lockhost::acquire(data.path()).unwrap_err();
    /// let owner = refused.holder().and_then(|holder| holder.identity()).unwrap();
    /// // A person has looked, and says so:
    /// let lock = Options::new().assume_dead(owner).acquire(data.path())?;
    /// assert_eq!(lock.replaced()[0].reason(), ReplacedReason::AssumedDead);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn assume_dead(mut self, identity: impl Into<String>) -> Self {
        self.assume_dead = Some(identity.into());
        self
    }

    /// Choose the mode of the lock's files, whatever the umask is: [`Mode::PRIVATE`] from the start. With another one, the
    /// users whom it lets read the file can judge the lock, and take it over once its owner is dead.
    ///
    /// A file system that does not give a file that mode is an error, [`ErrorKind::Internal`](crate::ErrorKind::Internal).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// # if cfg!(unix) {
    /// use lockhost::{Mode, Options};
    ///
    /// // A directory of a group, with mode 2770.
    /// let lock = Options::new().mode(Mode::new(0o640)?).acquire(data.path())?;
    /// # lock.release()?;
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether [`acquire`](Self::acquire) waits for what may be decided in some seconds (`true` from the
    /// start): a lock file that names nobody and may be another program's that is just being written, or another
    /// program that may be replacing the lock file. Without it, those are answered at once with
    /// [`ErrorKind::Unsettled`](crate::ErrorKind::Unsettled). Owners are waited for with [`patience`](Self::patience).
    ///
    /// On a file system without hard links an attempt that does not wait may leave a file that names nobody, and that is
    /// unsettled to others for up to a minute. So may one whose [`patience`](Self::patience) ends meanwhile.
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

    /// How long the attempt may wait: for an owner, and for what may be decided in some seconds (see [`wait`](Self::wait)).
    /// `Duration::MAX` is for ever, and zero is not at all. When the time is over, the refusal is the answer that it would
    /// have been at once. If it is too short to know whether the lock can be acquired, the answer is
    /// [`ErrorKind::Unsettled`](crate::ErrorKind::Unsettled), and no lock is taken over.
    ///
    /// Without a patience, as from the start, no owner is waited for, and what may be decided in some seconds is.
    ///
    /// It is taken within milliseconds of its release or its owner's death where the system reports that, by watching the
    /// lock file and the owner's process, and within a second elsewhere (network file systems, owners that cannot be seen
    /// from here). For that a waiter looks once a second. An owner that is an ancestor of this process is waited for only with
    /// [`wait_for_ancestor`](Self::wait_for_ancestor). Waiting is not fair: after a release, the first process to try
    /// gets the lock. A thread that waits for a lock that it has itself waits in vain.
    ///
    /// A waiter waits for what the path names. If another directory gets the name, it takes the lock of that one; if there
    /// is none any more, it waits for one, and when its patience ends the error names the directory. One that is missing
    /// from the start is an error at once.
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
        self.patience = Some(patience);
        self
    }

    /// Whether [`patience`](Self::patience) also waits for an owner that is an ancestor of this process (`false` from the
    /// start). Without it, such an owner is answered at once with [`ErrorKind::Ancestor`](crate::ErrorKind::Ancestor): an
    /// ancestor usually waits for this process before it releases the lock, so both would wait for ever. An owner that
    /// releases its lock while this process runs is a reason to wait all the same: a program that locks by this library, or
    /// that has started this process in the background. [`Holder::is_ancestor`](crate::Holder::is_ancestor) says which
    /// owners count.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use lockhost::{ErrorKind, Options};
    ///
    /// let options = Options::new().patience(Duration::MAX);
    /// match options.acquire("data") {
    ///     Err(error) if error.kind() == ErrorKind::Ancestor => {
    ///         println!("the process that started this one has the lock: {error}");
    ///         let _lock = options.wait_for_ancestor(true).acquire("data")?;
    ///     }
    ///     other => drop(other?),
    /// }
    /// # Ok::<(), lockhost::Error>(())
    /// ```
    #[must_use]
    pub fn wait_for_ancestor(mut self, wait: bool) -> Self {
        self.wait_for_ancestor = wait;
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
                Progress::Waiting(waiting) => attempt.sleep(waiting.retry_after()),
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
    /// To wait for a limited time, use [`patience`](Self::patience), and no timeout around the future (as
    /// `tokio::time::timeout` is): a timeout drops the future, and with it the reason. When the patience ends, the error says
    /// which process has the lock:
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// # let _owner = lockhost::acquire(data.path())?;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// use std::time::Duration;
    ///
    /// let options = lockhost::Options::new().patience(Duration::from_millis(20));
    /// if let Err(refused) = options.acquire_async(data.path()).await {
    ///     let holder = refused.holder().expect("a process has it");
    ///     println!("{refused}: it is pid {:?}", holder.pid());
    /// }
    /// # });
    /// # Ok(())
    /// # }
    /// ```
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
                        .map_err(|error| Error::io(waiting.into_path(), "wait for", error))?
                        .await
                }
            }
        }
    }

    /// What has to be waited for is an error to those who do not wait.
    fn proceed(&self, attempt: &mut Attempt) -> Result<Progress, Error> {
        match attempt.proceed()? {
            Progress::Waiting(waiting) if !self.wait && is_decided_soon(waiting.awaited()) => {
                let awaited = waiting.awaited();
                Err(Error::new(waiting.into_path(), Kind::Unsettled(awaited)))
            }
            progress => Ok(progress),
        }
    }
}

/// Whether it is not waited for with [`Options::patience`].
fn is_decided_soon(awaited: Awaited) -> bool {
    match awaited {
        Awaited::Settling | Awaited::OtherReclaim => true,
        Awaited::Release | Awaited::Directory => false,
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
