//! Attempts at a lock.

use std::{
    fmt,
    fs::File,
    io, mem,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use tracing::{debug, debug_span};

use super::{
    ancestor::Lineage,
    error::{Error, ErrorKind, Kind},
    held::Lock,
    holder::Holder,
    joining::{Joined, Joining},
    name,
    options::Options,
    place::{Named, Place},
    refusal::{ended, refused},
    waiter::{Next, SHORTEST, Waiter},
    waiting::{Awaited, Waiting},
};
use crate::{
    backend::{Chosen, Run},
    member::{Member, Renewal},
    outcome::{self, assumed, elapsed},
    process::{fork, number::Number, platform},
    sys::poll::BorrowedDescriptor,
};

impl Options {
    /// Begins an attempt, for callers that wait in their own way. It touches nothing yet. [`Attempt`] has an example.
    ///
    /// A relative path stays relative to the working directory of this moment, also when the process changes to
    /// another. An attempt that waits follows the path: if another directory gets that name, the attempt is for the
    /// lock of that directory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the directory cannot be opened,
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if the backend fails: if the component cannot be loaded.
    pub fn attempt(&self, directory: impl AsRef<Path>) -> Result<Attempt, Error> {
        name::check(&self.name).map_err(|flaw| Error::name(&self.name, flaw))?;
        let place = Arc::new(Place::new(directory.as_ref()));
        let member = self.enroll(&place, None)?;
        let current = self.begin(&place, member.as_ref()).inspect_err(|_| {
            if let Some(member) = &member {
                let _ = member.leave();
            }
        })?;
        Ok(Attempt {
            member,
            tried: Arc::clone(current.run.directory()),
            tries: Tries::Begun(Box::new(current)),
            place,
            begun: Instant::now(),
            maker: platform::number(),
            options: self.clone(),
            waiter: Waiter::default(),
            refusal: None,
            lineage: Lineage::default(),
        })
    }

    /// Enrolls a session, if there is a coordinator and the last one is used up.
    fn enroll(
        &self,
        place: &Place,
        last: Option<Arc<Member>>,
    ) -> Result<Option<Arc<Member>>, Error> {
        let Some(coordination) = &self.coordination else {
            return Ok(None);
        };
        match last {
            Some(member) if !member.is_used_up() => Ok(Some(member)),
            _ => match Member::enroll(coordination) {
                Ok(member) => Ok(Some(Arc::new(member))),
                Err(failure) => {
                    let path = place.given().to_owned();
                    Err(Error::new(path, Kind::Coordinator(failure)))
                }
            },
        }
    }

    fn begin(&self, place: &Place, member: Option<&Arc<Member>>) -> Result<Try, Error> {
        let path = place.given();
        let directory = place
            .open()
            .map_err(|error| Error::io(path.to_owned(), super::hint::OPEN_DIRECTORY, error))?;
        let options = outcome::Options {
            name: self.name.clone(),
            assume_dead: assumed(self.assume_dead.clone()),
            mode: self.mode,
            member: member.cloned(),
        };
        let run = Chosen::begin(directory, options);
        let run = run.map_err(|error| Error::internal(path, error))?;
        Ok(Try {
            begun: Instant::now(),
            run,
            awaited: None,
        })
    }
}

/// An attempt at a lock, in as many steps as it has to wait. Dropping it gives it up and removes what it made, except
/// in a child made by fork(2).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// # let directory = data.path();
/// use std::time::Duration;
/// use lockhost::{Awaited, Options, Progress};
/// use rustix::event::{PollFd, PollFlags, Timespec, poll};
///
/// let mut attempt = Options::new().patience(Duration::from_secs(30)).attempt(directory)?;
/// let lock = loop {
///     let waiting = match attempt.proceed()? {
///         Progress::Acquired(lock) => break lock,
///         Progress::Waiting(waiting) => waiting,
///     };
///     match waiting.awaited() {
///         Awaited::Release => println!("{:?} has it", waiting.holder()),
///         _ => println!("not clear yet: {}", waiting.path().display()),
///     }
///     // Whatever else the program waits for can be polled beside them.
///     let polled = attempt.descriptors().map(|it| PollFd::from_borrowed_fd(it, PollFlags::IN));
///     let limit = Timespec::try_from(waiting.retry_after())?;
///     poll(&mut polled.collect::<Vec<_>>(), Some(&limit))?;
/// };
/// lock.release()?;
/// # Ok(())
/// # }
/// ```
pub struct Attempt {
    options: Options,
    /// The session of this process, if there is a coordinator.
    member: Option<Arc<Member>>,
    place: Arc<Place>,
    /// The directory of the last try.
    tried: Arc<File>,
    begun: Instant,
    maker: Number,
    tries: Tries,
    waiter: Waiter,
    /// The wait after the last refusal.
    refusal: Option<Waiting>,
    lineage: Lineage,
}

/// The state of an attempt.
enum Tries {
    /// A try is under way.
    Begun(Box<Try>),
    /// The backend has acquired the lock, and the coordinator is asked.
    Joining(Box<Joining>),
    /// The last try was refused; the next one is new.
    Again,
    /// The attempt has ended.
    Ended,
}

/// One run of the backend, which ends with a lock or an answer.
struct Try {
    begun: Instant,
    run: Chosen,
    /// What the attempt was left for a while for: then the path may name another directory.
    awaited: Option<outcome::Awaited>,
}

/// The maximum number of tries that `proceed` makes in a row, while the obstacle changes, before it returns to the
/// caller.
const LOOKS: usize = 8;

/// The progress of an [`Attempt`]. [`Attempt`] has an example.
#[derive(Debug)]
pub enum Progress {
    /// The lock is held.
    Acquired(Lock),
    /// The attempt has to wait.
    Waiting(Waiting),
}

impl Attempt {
    /// Waits, on this thread, until another try may succeed.
    pub(crate) fn sleep(&self, limit: Duration) {
        self.waiter.sleep(limit);
    }

    /// Goes on as far as possible without waiting. After an error or a lock the attempt has ended; each further call
    /// fails with [`ErrorKind::Internal`](crate::ErrorKind::Internal).
    ///
    /// # Errors
    /// Any [`Error`] except a lost lock.
    pub fn proceed(&mut self) -> Result<Progress, Error> {
        let _span = debug_span!("attempt", directory = ?self.place.given()).entered();
        let outcome = self.proceed_until_waiting();
        match &outcome {
            Ok(Progress::Acquired(lock)) => debug!(identity = lock.identity(), "acquired"),
            Ok(Progress::Waiting(waiting)) => debug!(?waiting, "waiting"),
            Err(error) => debug!(kind = ?error.kind(), "{error}"),
        }
        outcome
    }

    fn proceed_until_waiting(&mut self) -> Result<Progress, Error> {
        if !fork::is_still(self.maker) {
            return Err(ended(self.place.given()));
        }
        self.waiter.wake();
        if let Some(waiting) = self.passed_on() {
            return Ok(Progress::Waiting(waiting));
        }
        let mut looks = LOOKS;
        loop {
            let error = match self.proceed_once() {
                Err(error) => error,
                Ok(Progress::Waiting(waiting)) => return self.bounded(waiting),
                acquired => return acquired,
            };
            let Some(left) = self.left() else {
                return Err(error);
            };
            let error = match self.waiter.is_news(&error) && !self.options.wait_for_ancestor {
                true => error.seen_from_descendant(&self.lineage),
                false => error,
            };
            let Some((next, awaited)) = self.turn_to(&error) else {
                return Err(error);
            };
            self.tries = Tries::Again;
            looks -= 1;
            let pause = match next {
                Next::Look if looks > 0 => continue,
                // Never zero, so that the caller has time to handle its signals.
                Next::Look => SHORTEST.min(left),
                Next::Sleep(pause) => pause.min(left),
            };
            let waiting = match awaited {
                Awaited::Directory => Waiting::for_directory(self.place.given(), pause),
                Awaited::Coordinator => {
                    Waiting::for_coordinator(error.path(), error.coordinator_failure(), pause)
                }
                _ => Waiting::for_release(error.path(), error.holder(), pause),
            };
            self.refusal = Some(waiting.clone());
            return Ok(Progress::Waiting(waiting));
        }
    }

    /// Returns the wait to go on with if another process was quicker after a release. It names the holder of before: the next
    /// check comes soon.
    fn passed_on(&mut self) -> Option<Waiting> {
        let owner_left = match &self.tries {
            Tries::Again => false,
            // It found no lock file, and its owner may put it back.
            Tries::Begun(current) if current.awaited == Some(outcome::Awaited::Owner) => true,
            Tries::Begun(_) | Tries::Joining(_) | Tries::Ended => return None,
        };
        let left = self.left()?;
        let refusal = self.refusal.as_ref()?;
        let retry_after = self.waiter.passed_on(owner_left)?.min(left);
        let waiting = Waiting {
            retry_after,
            ..refusal.clone()
        };
        // The session stays: what it has watched of an owner counts on.
        if let Tries::Begun(current) = mem::replace(&mut self.tries, Tries::Again) {
            current.run.give_up();
        }
        Some(waiting)
    }

    /// Watches the obstacle. Returns `None` if waiting does not help against this error.
    fn turn_to(&mut self, error: &Error) -> Option<(Next, Awaited)> {
        if is_worth_waiting_for(error) {
            let file = error.path().file_name().unwrap_or_default();
            let path = self.place.absolute().join(file);
            return Some((self.waiter.turn_to(error, &path), Awaited::Release));
        }
        if error.may_be_answered_soon() {
            return Some((self.waiter.turn_to_nothing(), Awaited::Coordinator));
        }
        if error.kind() != ErrorKind::Io {
            return None;
        }
        // Operations on a directory that was removed or moved fail in many ways. What counts is what the path names
        // now.
        match self.place.names(&self.tried) {
            Named::Same => None,
            // The error is that of the directory that the path names now.
            Named::Other if !is_missing(error) && error.path() == self.place.given() => None,
            Named::Other if !is_missing(error) => Some((Next::Look, Awaited::Directory)),
            Named::Other | Named::Nothing => {
                Some((self.waiter.turn_to_nothing(), Awaited::Directory))
            }
        }
    }

    /// Returns the descriptors to poll beside the time: one becomes readable when it may be time to go on earlier. They
    /// change with each [`proceed`](Self::proceed). There are none while the attempt does not wait for an owner, and for a
    /// moment after another process was quicker to use a release.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedDescriptor<'_>> {
        self.waiter.descriptors()
    }

    /// Returns how much of the patience is left; `None` if it is over, or if there is none.
    fn left(&self) -> Option<Duration> {
        let patience = self.options.patience?;
        if patience == Duration::MAX {
            return Some(patience);
        }
        let left = patience.checked_sub(self.begun.elapsed())?;
        (!left.is_zero()).then_some(left)
    }

    /// Limits the backend's wait to the patience, if there is one. When the patience ends, the attempt ends with a
    /// refusal: only the backend decides when a file has settled, and it has not decided so.
    fn bounded(&mut self, waiting: Waiting) -> Result<Progress, Error> {
        let retry_after = match (self.options.patience, self.left()) {
            (None, _) => waiting.retry_after,
            (Some(_), Some(left)) => waiting.retry_after.min(left),
            (Some(_), None) => {
                self.give_up();
                let kind = Kind::Unsettled(waiting.awaited);
                return Err(Error::new(waiting.path, kind));
            }
        };
        Ok(Progress::Waiting(Waiting {
            retry_after,
            ..waiting
        }))
    }

    /// Ends the attempt, and removes what it made.
    fn give_up(&mut self) {
        match mem::replace(&mut self.tries, Tries::Ended) {
            Tries::Begun(current) => current.run.give_up(),
            // It leaves the session, too.
            Tries::Joining(joining) => return joining.give_up(),
            Tries::Again | Tries::Ended => {}
        }
        if let Some(member) = &self.member {
            // An error cannot be reported; the session goes with its lease.
            let _ = member.leave();
        }
    }

    fn proceed_once(&mut self) -> Result<Progress, Error> {
        if let Tries::Joining(_) = self.tries
            && let Tries::Joining(joining) = mem::replace(&mut self.tries, Tries::Ended)
        {
            return self.join(joining);
        }
        let Try {
            begun,
            mut run,
            awaited: _,
        } = self.current()?;
        self.tried = Arc::clone(run.directory());
        let answer = run
            .proceed(elapsed(begun))
            .map_err(|error| Error::internal(self.place.given(), error))?;
        match answer {
            Ok(()) => match &self.member {
                Some(member) => {
                    let (member, place) = (Arc::clone(member), Arc::clone(&self.place));
                    self.join(Joining::begin(run, member, place)?)
                }
                None => self.acquired(run, None),
            },
            Err(outcome::Error {
                file,
                cause: outcome::Cause::Again(waiting),
            }) => {
                self.tries = Tries::Begun(Box::new(Try {
                    begun,
                    run,
                    awaited: Some(waiting.awaited),
                }));
                let path = self.place.given().join(file);
                let holder = self.claimed_holder();
                let waiting = Waiting::as_told(path, &waiting, holder);
                Ok(Progress::Waiting(match &self.member {
                    Some(member) => waiting.watching(member),
                    None => waiting,
                }))
            }
            Err(error) => {
                run.give_up();
                let error = refused(&self.place, &self.options, error);
                Err(match self.member.as_ref().and_then(|it| it.failure()) {
                    Some(failure) => error.because(failure),
                    None => error,
                })
            }
        }
    }

    /// Returns the owner of the last refusal, if it has a claim.
    fn claimed_holder(&self) -> Option<&Holder> {
        let holder = self.refusal.as_ref().and_then(Waiting::holder);
        holder.filter(|holder| holder.is_claimed())
    }

    /// Goes on beside the coordinator. A session that has not got the key is used up.
    fn join(&mut self, joining: Box<Joining>) -> Result<Progress, Error> {
        match joining.proceed()? {
            Joined::Lock(run, renewal) => self.acquired(*run, Some(renewal)),
            Joined::Waiting(joining, waiting) => {
                self.tries = Tries::Joining(joining);
                Ok(Progress::Waiting(*waiting))
            }
        }
    }

    fn acquired(&mut self, run: Chosen, renewal: Option<Renewal>) -> Result<Progress, Error> {
        let watch = mem::take(&mut self.waiter).into_watch();
        let place = Arc::clone(&self.place);
        // The session is the lock's from here on.
        self.member = None;
        Lock::new(place, run, watch, renewal).map(Progress::Acquired)
    }

    /// Returns the try to go on with. Gives up a try that was left for a while if the path names another directory by
    /// now: it would acquire the lock of the directory that was moved away.
    fn current(&mut self) -> Result<Try, Error> {
        match mem::replace(&mut self.tries, Tries::Ended) {
            Tries::Begun(current) => {
                if current.awaited.is_none()
                    || self.place.names(current.run.directory()) == Named::Same
                {
                    return Ok(*current);
                }
                current.run.give_up();
                self.options.begin(&self.place, self.member.as_ref())
            }
            Tries::Again => {
                self.member = self.options.enroll(&self.place, self.member.take())?;
                let mut next = self.options.begin(&self.place, self.member.as_ref())?;
                if let Some(owner) = self.claimed_holder().and_then(Holder::identity) {
                    let said = next.run.succeed(owner);
                    said.map_err(|error| Error::internal(self.place.given(), error))?;
                }
                Ok(next)
            }
            Tries::Joining(_) | Tries::Ended => Err(ended(self.place.given())),
        }
    }
}

fn is_worth_waiting_for(error: &Error) -> bool {
    let refused = matches!(error.kind(), ErrorKind::Held | ErrorKind::Contended);
    refused || error.passes()
}

fn is_missing(error: &Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    let error = error.io_error().map(io::Error::kind);
    matches!(error, Some(NotFound | NotADirectory))
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let begun = matches!(self.tries, Tries::Begun(_) | Tries::Joining(_));
        if (begun || self.member.is_some()) && fork::is_still(self.maker) {
            self.give_up();
        }
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("directory", &self.place.given())
            .finish_non_exhaustive()
    }
}
