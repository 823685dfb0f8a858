//! The options of a lock: which lock it is, and how it is acquired.

use std::{sync::Arc, time::Duration};

use super::name::DEFAULT_NAME;
use crate::{
    coordinator::{Coordinator, DirectoryKey, Timing},
    member::Coordination,
    process::mode::Mode,
};

/// The options of a lock: its name, and how it is acquired.
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
    pub(crate) coordination: Option<Coordination>,
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
    /// Returns the options for the lock [`DEFAULT_NAME`](crate::DEFAULT_NAME). Without further calls, an attempt
    /// assumes no owner dead, and waits for some seconds where a file has to settle.
    #[must_use]
    pub fn new() -> Self {
        Self {
            coordination: None,
            name: DEFAULT_NAME.to_owned(),
            assume_dead: None,
            mode: Mode::PRIVATE,
            wait: true,
            patience: None,
            wait_for_ancestor: false,
        }
    }

    /// Sets the lock file's name: a plain file name that ends in `.lock` or `.pid`. Another name is refused with
    /// [`ErrorKind::BadName`](crate::ErrorKind::BadName).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Takes the lock over from exactly this owner, as [`Holder::identity`](crate::Holder::identity) names it, even if
    /// it cannot be known that it is dead. It has no effect once another owner holds the lock, and is refused if the
    /// owner is known to live.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// use lockhost::{Options, ReplacedReason};
    ///
    /// // As an older program leaves it in a container, where every owner is process 1.
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

    /// Sets the mode of the lock's files, whatever the umask is; the default is [`Mode::PRIVATE`]. With another mode,
    /// the users who may read the file can judge the lock, and take it over once its owner is dead.
    ///
    /// If the file system does not give the file that mode, the attempt fails with
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal).
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

    /// Acquires the lock with a session at a [coordinator](crate::coordinator), for a directory on a volume that several
    /// machines mount. An owner on another machine is then judged by its session. `directory` names the directory at the
    /// coordinator: all processes that use the directory must give the same name, and no other directory may have it.
    ///
    /// The owner must stop acting by its [deadline](crate::Lock::deadline), or as soon as
    /// [`Lock::lost`](crate::Lock::lost) is readable: the lock alone ends no process. A thread of this crate confirms the
    /// session while the lock is held. Questions to the coordinator block the caller for the time-out in `timing` at most,
    /// also in [`acquire_async`](Self::acquire_async).
    ///
    /// All processes of a directory must use the coordinator, or none. There are two conditions. The system is Linux. The
    /// file system has hard links.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use lockhost::{Options, coordinator::{Coordinator, Timing}};
    ///
    /// fn acquire(coordinator: Arc<dyn Coordinator>) -> Result<lockhost::Lock, Box<dyn std::error::Error>> {
    ///     let options = Options::new();
    ///     let options = options.coordinator(coordinator, "billing".parse()?, Timing::default());
    ///     Ok(options.acquire("/mnt/billing")?)
    /// }
    /// ```
    #[must_use]
    pub fn coordinator(
        mut self,
        coordinator: Arc<dyn Coordinator>,
        directory: DirectoryKey,
        timing: Timing,
    ) -> Self {
        self.coordination = Some(Coordination {
            coordinator,
            directory,
            timing,
        });
        self
    }

    /// Sets whether [`acquire`](Self::acquire) waits for what may be decided in some seconds (`true` by default). That
    /// is an empty or malformed lock file, which another program may be writing, or another program that may be
    /// replacing the lock file. Without it, the attempt fails at once with
    /// [`ErrorKind::Unsettled`](crate::ErrorKind::Unsettled). To wait for owners, use [`patience`](Self::patience).
    ///
    /// On a file system without hard links, an attempt that does not wait may leave a file that names no owner. To
    /// others it is unsettled for up to a minute. An attempt whose [`patience`](Self::patience) ends meanwhile may
    /// leave one as well.
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

    /// Sets how long the attempt may wait: for an owner, and for what may be decided in some seconds (see
    /// [`wait`](Self::wait)). `Duration::MAX` means for ever, and zero means not at all. When the time is over, the
    /// attempt returns the refusal that it would have returned at once. If the time is too short to know whether the
    /// lock can be acquired, it fails with [`ErrorKind::Unsettled`](crate::ErrorKind::Unsettled), and takes no lock
    /// over.
    ///
    /// By default there is no patience: the attempt waits for no owner, but for what may be decided in some seconds.
    ///
    /// A waiter acquires the lock within milliseconds of its release or its owner's death where the system reports
    /// that. It watches the lock file and the owner's process, and also checks once a second. Elsewhere (network file
    /// systems, owners that cannot be seen from here) it acquires the lock within a second. It waits for an owner that
    /// is an ancestor of this process only with [`wait_for_ancestor`](Self::wait_for_ancestor). Waiting is not fair:
    /// after a release, the first process to try gets the lock. A thread that waits for a lock that it holds itself
    /// waits in vain.
    ///
    /// A waiter follows the path. If another directory gets that name, the attempt is for the lock of that directory.
    /// If there is no directory any more, the waiter waits for one, and when its patience ends the error names the
    /// directory. A directory that is missing from the start is an error at once.
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

    /// Sets whether [`patience`](Self::patience) also waits for an owner that is an ancestor of this process (`false`
    /// by default). Without it, the attempt fails at once with [`ErrorKind::Ancestor`](crate::ErrorKind::Ancestor): an
    /// ancestor usually waits for this process before it releases the lock, so both would wait for ever. Waiting makes
    /// sense for an owner that releases its lock while this process runs: a program that locks by this library, or that
    /// started this process in the background. [`Holder::is_ancestor`](crate::Holder::is_ancestor) explains which
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
