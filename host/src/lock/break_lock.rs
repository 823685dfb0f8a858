//! Breaking a lock: a person's word on its owner, without taking the directory.

use std::{path::Path, thread, time::Duration};

use super::{
    error::{Error, Kind},
    inspect::{State, Status, inspect},
    message::Instead,
    options::Options,
    replaced::{Replaced, ReplacedReason},
};

/// How long the name of a lock is kept that was broken: two of the pauses between two looks of an owner. An owner that
/// lives, against the word of a person, then finds another lock at the name, and does not put its own back.
const KEPT: Duration = Duration::from_secs(2);

impl Options {
    /// Removes the lock of exactly this owner, as [`Holder::identity`](crate::Holder::identity) names it, whom a
    /// person knows to be dead though nobody can tell. It is what [`assume_dead`](Self::assume_dead) does, without
    /// keeping the directory: afterwards it is free. A lock of an owner that is certainly dead goes as well, and so do
    /// dead reclaim locks before or behind it. The owner's claim stays, in nobody's way, until it is certain that its
    /// maker is dead.
    ///
    /// It is done under the protocol: the lock is taken over, and released at once, or after two seconds if its owner has a
    /// claim and may live. Then a living owner finds that it is lost, and [does not put it back](crate::Lock::restore).
    /// Another process that starts meanwhile may be refused, as it would have been before, with the number of this
    /// process.
    ///
    /// What was removed is returned, in that order. That is nothing if somebody else was faster: another who breaks
    /// the lock, or the owner itself, if it was alive and released. Whatever [`assume_dead`](Self::assume_dead) says
    /// in these options is not looked at.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// // As an older program leaves it in a container, where everybody is process 1.
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
    /// [`ErrorKind::NotTheOwner`](crate::ErrorKind::NotTheOwner) if somebody else has the lock, or nobody; nothing was
    /// changed then. [`ErrorKind::Held`](crate::ErrorKind::Held) if the owner is known to live, or if somebody else
    /// who is, or may be, is in the way. Otherwise as [`acquire`](Self::acquire), and as
    /// [`Lock::release`](crate::Lock::release).
    pub fn break_lock(
        &self,
        directory: impl AsRef<Path>,
        owner: &str,
    ) -> Result<Vec<Replaced>, Error> {
        let directory = directory.as_ref();
        let before = inspect(directory, &self.name)?;
        let Some(file) = file_of(&before, owner) else {
            let path = directory.join(&self.name);
            let instead = match before.holder() {
                None => Instead::Nobody,
                Some(holder) if holder.identity().is_none() => Instead::Unnamed,
                Some(holder) => Instead::Other(holder.clone()),
            };
            return Err(Error::new(
                path,
                Kind::NotTheOwner(owner.to_owned(), instead),
            ));
        };
        let file = directory.join(file);
        let removed = match self.clone().assume_dead(owner).acquire(directory) {
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
            // Somebody was faster with the name that was made free, or did the same.
            Err(error) if error.is_refusal() && !self.has(directory, owner)? => Vec::new(),
            Err(error) => return Err(error.beside(owner, &file)),
        };
        // A reclaim lock with a claim hinders nobody beside a lock that is free, and so nobody has to look at it there.
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

/// Whether this owner has a claim. Another program puts nothing back.
fn is_claimed(status: &Status, owner: &str) -> bool {
    let mut holders = status.holder().into_iter().chain(status.reclaims());
    holders.any(|holder| holder.is_claimed() && holder.identity() == Some(owner))
}

/// The first of the lock's files that is this owner's.
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
