//! The session of a lock at a coordinator: until when its owner may act, and its token.

use std::time::Instant;

use super::Lock;
use crate::{
    coordinator::{CoordinatorError, FencingToken, Incarnation, holding::Loss},
    member::Confirms,
    sys::poll::BorrowedDescriptor,
};

impl Lock {
    /// Returns until when the owner may act, as of now; each confirm of the session moves it on. `None` without a
    /// [coordinator](crate::Options::coordinator), and in a child made by fork(2).
    ///
    /// The owner must have stopped by then: it writes nothing more, and its children have ended. Another owner may act
    /// afterwards. Once the lock is lost, it is not later than now. An `Instant` does not count the time in which the
    /// machine is suspended, and the deadline does. So ask once more before each thing that two must not do.
    ///
    /// ```no_run
    /// # fn write(lock: &lockhost::Lock) {
    /// use std::time::{Duration, Instant};
    ///
    /// if let Some(deadline) = lock.deadline() {
    ///     let left = deadline.saturating_duration_since(Instant::now());
    ///     assert!(left > Duration::from_secs(1), "not enough time to write");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.renewal()
            .map(|renewal| Instant::now() + renewal.left())
    }

    /// Returns the descriptor that becomes readable when the lock must be considered lost: at the latest a little before
    /// [`deadline`](Self::deadline), and at once when the coordinator reports that the session or the directory is
    /// another owner's. It need not be read. `None` without a [coordinator](crate::Options::coordinator), and in a
    /// child made by fork(2).
    ///
    /// ```no_run
    /// # fn work(lock: &lockhost::Lock) -> std::io::Result<()> {
    /// use rustix::event::{PollFd, PollFlags, poll};
    ///
    /// if let Some(lost) = lock.lost() {
    ///     // Beside whatever else the program waits for.
    ///     poll(&mut [PollFd::from_borrowed_fd(lost, PollFlags::IN)], None)?;
    ///     eprintln!("the directory may be another owner's: stopping");
    ///     std::process::exit(1);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn lost(&self) -> Option<BorrowedDescriptor<'_>> {
        self.renewal().map(|renewal| renewal.descriptor())
    }

    /// Returns the fencing token: it is higher than those of all earlier owners of the directory with the same
    /// [`incarnation`](Self::incarnation). `None` without a [coordinator](crate::Options::coordinator).
    ///
    /// A service that refuses a token below the highest one that it has seen refuses an owner that acts too late. There is
    /// one exception: after the coordinator's data was restored from a snapshot, tokens may be those of earlier owners.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// let lock = lockhost::acquire(data.path())?;
    /// if let (Some(epoch), Some(token)) = (lock.incarnation(), lock.fencing_token()) {
    ///     println!("writing with token {token} of epoch {epoch}");
    /// }
    /// if let Some(failure) = lock.coordinator_failure() {
    ///     eprintln!("the coordinator does not answer: {failure}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn fencing_token(&self) -> Option<FencingToken> {
        self.renewal().map(|renewal| renewal.token())
    }

    /// Returns the life of the coordinator's data in which the token was given. Tokens of two incarnations have no order.
    /// `None` without a [coordinator](crate::Options::coordinator).
    #[must_use]
    pub fn incarnation(&self) -> Option<Incarnation> {
        let renewal = self.renewal()?;
        Some(renewal.member().session().incarnation)
    }

    /// Returns why the last question to the coordinator failed, if it did. The lock is held until its
    /// [`deadline`](Self::deadline) all the same.
    #[must_use]
    pub fn coordinator_failure(&self) -> Option<CoordinatorError> {
        self.renewal()?.failure()
    }

    /// Returns the confirms of the session, for a thread of their own. `None` without a
    /// [coordinator](crate::Options::coordinator), and in a child made by fork(2).
    ///
    /// ```no_run
    /// # fn pass_on(lock: &lockhost::Lock, extend: impl Fn(std::time::Duration) + Send + 'static) {
    /// use std::{thread, time::Duration};
    /// use lockhost::Confirmation;
    ///
    /// if let Some(mut confirms) = lock.confirms() {
    ///     thread::spawn(move || {
    ///         while confirms.wait(Duration::MAX) != Confirmation::Over {
    ///             extend(confirms.left());
    ///         }
    ///     });
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn confirms(&self) -> Option<Confirms> {
        Some(self.renewal()?.confirms())
    }

    pub(super) fn loss(&self) -> Option<Loss> {
        self.renewal()?.loss()
    }
}
