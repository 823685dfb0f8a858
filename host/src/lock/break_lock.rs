//! Breaking a lock: a person declares its owner dead, and the lock is removed without being kept.

use std::{path::Path, thread, time::Duration};

use super::{
    error::{Error, Kind},
    inspect::{State, Status, inspect},
    message::Instead,
    options::Options,
    replaced::{Replaced, ReplacedReason},
};

/// The time for which the name of a broken lock is kept: two of the pauses between an owner's checks. An owner that
/// lives, although a person declared it dead, then finds another lock at the name. So it does not put its own back.
const KEPT: Duration = Duration::from_secs(2);

impl Options {
    /// Removes the lock of exactly this owner, as [`Holder::identity`](crate::Holder::identity) names it, if a person
    /// knows that it is dead and the system cannot know. It does what [`assume_dead`](Self::assume_dead) does, without
    /// keeping the directory: afterwards the lock is free. It also removes a lock whose owner is certainly dead, and
    /// dead reclaim locks before or behind it. The owner's claim stays until its maker is certainly dead; it blocks no
    /// process.
    ///
    /// It follows the protocol: it takes the lock over and releases it at once, or after two seconds if the owner has a
    /// claim and may live. A living owner then finds that its lock is lost, and [does not put it
    /// back](crate::Lock::restore). Another process that starts meanwhile may be refused, as before, with the number of
    /// this process.
    ///
    /// Returns what was removed, in that order. The result is empty if another process was faster: one that broke the
    /// same lock, or the owner itself, if it was alive and released. Any [`assume_dead`](Self::assume_dead) in these
    /// options is ignored.
    ///
    /// With a [coordinator](Self::coordinator), an owner whose session is there lives, and keeps its lock. Nothing is
    /// written at the coordinator. Its key for the directory still names the owner's session: the next owner judges that,
    /// watches it once it is gone, and only then acts. So an owner that was declared dead, and lives, keeps the directory.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// // As an older program leaves it in a container, where every owner is process 1.
    /// std::fs::write(data.path().join("tinyforge.lock"), "1\n")?;
    /// let refused = lockhost::acquire(data.path()).unwrap_err();
    /// let owner = refused.holder().and_then(|holder| holder.identity()).unwrap();
    ///
    /// let removed = lockhost::Options::new().break_lock(data.path(), owner)?;
    /// assert_eq!(removed[0].reason(), lockhost::ReplacedReason::AssumedDead);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotTheOwner`](crate::ErrorKind::NotTheOwner) if the lock is free or has another owner; nothing was
    /// changed then. [`ErrorKind::Held`](crate::ErrorKind::Held) if the owner is known to live, or if another process
    /// that lives, or may live, is in the way. Otherwise as [`acquire`](Self::acquire), and as
    /// [`Lock::release`](crate::Lock::release).
    pub fn break_lock(
        &self,
        directory: impl AsRef<Path>,
        owner: &str,
    ) -> Result<Vec<Replaced>, Error> {
        let directory = directory.as_ref();
        let before = self.inspect(directory)?;
        let Some(file) = file_of(&before, owner) else {
            let path = directory.join(&self.name);
            let instead = match before.holder() {
                None => Instead::NoFile,
                Some(holder) if holder.identity().is_none() => Instead::Unnamed,
                Some(holder) => Instead::Other(holder.clone()),
            };
            return Err(Error::new(
                path,
                Kind::NotTheOwner(owner.to_owned(), instead),
            ));
        };
        let file = directory.join(file);
        if let Some(lives) = before.lives_by_session(owner) {
            return Err(lives);
        }
        // The files alone change hands, for a moment in which nothing acts: that needs no session.
        let options = Self {
            coordination: None,
            ..self.clone()
        };
        let removed = match options.assume_dead(owner).acquire(directory) {
            Ok(lock) => {
                let removed = lock.replaced().to_vec();
                let assumed = removed
                    .iter()
                    .any(|it| it.reason() == ReplacedReason::AssumedDead);
                if assumed && is_claimed(&before, owner) {
                    thread::sleep(KEPT);
                }
                lock.release()?;
                removed
            }
            // Another process acquired the name that became free, or broke the same lock.
            Err(error) if error.is_refusal() && !self.has(directory, owner)? => Vec::new(),
            Err(error) => return Err(error.beside(owner, &file)),
        };
        // A reclaim lock with a claim blocks no process while the lock is free, so no attempt has to examine it there.
        if before.state() == State::Free && self.has(directory, owner)? {
            let kind = Kind::NotTheOwner(owner.to_owned(), Instead::LeftOver);
            return Err(Error::new(file, kind));
        }
        Ok(removed)
    }

    fn has(&self, directory: &Path, owner: &str) -> Result<bool, Error> {
        inspect(directory, &self.name).map(|status| file_of(&status, owner).is_some())
    }
}

/// Returns whether this owner has a claim. Another program puts nothing back.
fn is_claimed(status: &Status, owner: &str) -> bool {
    let mut holders = status.holder().into_iter().chain(status.reclaims());
    holders.any(|holder| holder.is_claimed() && holder.identity() == Some(owner))
}

/// Returns the first of the lock's files that belongs to this owner.
fn file_of(status: &Status, owner: &str) -> Option<String> {
    status
        .holder()
        .into_iter()
        .chain(status.reclaims())
        .find(|holder| holder.identity() == Some(owner))
        .map(|holder| holder.file().to_owned())
}

/// Removes the lock of exactly this owner, under the name [`DEFAULT_NAME`](crate::DEFAULT_NAME); see
/// [`Options::break_lock`], which has an example.
///
/// # Errors
/// As [`Options::break_lock`].
pub fn break_lock(directory: impl AsRef<Path>, owner: &str) -> Result<Vec<Replaced>, Error> {
    Options::new().break_lock(directory, owner)
}
