//! Acquiring a lock: an attempt, and waiting between its steps.

use std::path::Path;

use super::{
    attempt::{Attempt, Progress},
    error::{Error, Kind},
    held::Lock,
    options::Options,
    waiting::Awaited,
};
use crate::sys::timer::Pause;

impl Options {
    /// Acquires the lock on a directory. It waits some seconds at most for what has to settle, and for an owner only
    /// with [`patience`](Self::patience).
    ///
    /// # Errors
    /// Any [`Error`] except a lost lock.
    pub fn acquire(&self, directory: impl AsRef<Path>) -> Result<Lock, Error> {
        let mut attempt = self.attempt(directory)?;
        loop {
            match self.proceed(&mut attempt)? {
                Progress::Acquired(lock) => return Ok(lock),
                Progress::Waiting(waiting) => attempt.sleep(waiting.retry_after()),
            }
        }
    }

    /// Acquires the lock as [`acquire`](Self::acquire) does, for callers that must not block while something has to
    /// settle, or while an owner holds the lock. It works under any executor and starts no runtime. A thread of this
    /// crate sleeps for the length of each wait. Without [`patience`](Self::patience) there is hardly ever one.
    ///
    /// Dropping the future gives the attempt up, and leaves nothing. Between its waits it works on the thread that
    /// polls it: some tens of microseconds of plain file operations on a local disk. The first call in a process takes
    /// half a millisecond more. Where a directory may hang (a network mount), run [`acquire`](Self::acquire) where your
    /// executor runs blocking calls.
    ///
    /// To wait for a limited time, use [`patience`](Self::patience). A timeout around the future (such as
    /// `tokio::time::timeout`) drops the future, and with it the reason. When the patience ends, the error names the
    /// process that holds the lock:
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
    /// As [`acquire`](Self::acquire); [`ErrorKind::Io`](crate::ErrorKind::Io) also if the attempt has to wait and there
    /// is no thread or descriptor left for that.
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

    /// Takes one step. Without [`wait`](Self::wait), an undecided file is an error.
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

/// Returns whether this is waited for without [`Options::patience`].
fn is_decided_soon(awaited: Awaited) -> bool {
    match awaited {
        Awaited::Settling | Awaited::OtherReclaim | Awaited::Session => true,
        Awaited::Release | Awaited::Directory | Awaited::Coordinator => false,
    }
}

/// Acquires the lock on a directory, under the name [`DEFAULT_NAME`](crate::DEFAULT_NAME).
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

/// Acquires the lock as [`acquire`] does, for callers that must not block while something has to settle. For details,
/// see [`Options::acquire_async`].
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
