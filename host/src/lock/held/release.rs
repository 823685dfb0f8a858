//! Releasing a lock.

use std::sync::PoisonError;

use super::{Held, Lock};
use crate::{
    backend::Run,
    lock::{
        error::{Error, Kind},
        inherited,
    },
    outcome,
};

impl Lock {
    /// Releases the lock.
    ///
    /// # Errors
    /// [`ErrorKind::Lost`](crate::ErrorKind::Lost) if the lock file was not this lock's any more; that file is left
    /// alone. It is also returned if the path named another directory or none; then the lock's files are removed from
    /// the directory that was held. [`ErrorKind::Inherited`](crate::ErrorKind::Inherited) in a child made by fork(2),
    /// where only the child's copies of the lock's descriptors are closed. [`ErrorKind::Io`](crate::ErrorKind::Io) if a
    /// file could not be removed, [`ErrorKind::Internal`](crate::ErrorKind::Internal) if the component failed. The
    /// evidence is gone in any case.
    pub fn release(mut self) -> Result<(), Error> {
        self.give_up(Self::has_its_place)
    }

    /// Releases the lock after a last check. The files are removed even if the check fails.
    fn give_up(&mut self, look: impl FnOnce(&Self) -> Result<(), Error>) -> Result<(), Error> {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Taken in any case: to drop it closes this process' descriptors and does nothing else.
        let Some(held) = held.take().map(|held| *held) else {
            return Ok(());
        };
        let Held {
            run, watch: _watch, ..
        } = held;
        self.is_still_the_makers()?;
        inherited::forget(&self.taken());
        let looked = look(self);
        let lost = self.loss();
        let released = run
            .release()
            .map_err(|error| Error::internal(self.place.given(), error))?
            .map_err(|outcome::ReleaseError { file, cause }| match cause {
                outcome::ReleaseCause::Lost => {
                    Error::new(self.place.given().join(file), Kind::Lost)
                }
                outcome::ReleaseCause::Failed(failure) => self.place.failed(&file, failure),
            });
        // The session goes last: until here another owner may not come.
        released
            .and(looked)
            .and(self.leave_session())
            .and(match lost {
                Some(loss) => Err(Error::new(self.path.clone(), Kind::Session(loss))),
                None => Ok(()),
            })
    }

    /// Deletes the directory's key and the session.
    fn leave_session(&mut self) -> Result<(), Error> {
        let Some(renewal) = self.renewal.take() else {
            return Ok(());
        };
        renewal.stop();
        renewal
            .member()
            .leave()
            .map_err(|failure| Error::new(self.path.clone(), Kind::Unreleased(failure)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Errors cannot be reported from `drop`.
        let _ = self.give_up(|_| Ok(()));
    }
}
