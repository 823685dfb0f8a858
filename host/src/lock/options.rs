//! Which lock is wanted, and how it is to be taken.

use std::time::Duration;

use super::name::DEFAULT_NAME;
use crate::process::mode::Mode;

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
    pub(super) wait: bool,
    pub(crate) patience: Option<Duration>,
    pub(crate) wait_for_ancestor: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The lock [`DEFAULT_NAME`](crate::DEFAULT_NAME), no assumptions, and the patience that some files need.
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
}
