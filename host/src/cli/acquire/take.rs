//! The acquisition of the locks: all or none, waiting for those that another process holds, until a signal arrives.

use std::{
    hash::{BuildHasher, RandomState},
    io, mem,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use lockhost::{
    Attempt, Awaited, BorrowedDescriptor, Error, ErrorKind, Holder, Lock, Options, Progress,
    Waiting,
};

use super::{
    directories,
    events::{Event, Events},
    supervise,
    waiting_line::WaitingLine,
};
use crate::cli::{hint::hinted, reporter::Reporter, signals::Caught};

/// The result of an acquisition.
pub(super) enum Taken {
    /// All the locks.
    Locks(Vec<Lock>),
    /// A signal arrived first. Nothing is left.
    Signal(Caught),
    /// Standard input was closed first. Nothing is left.
    InputClosed,
}

/// The settings of an acquisition.
pub(super) struct Taking<'a> {
    pub(super) options: Options,
    /// How long all of them together may take; `None` to wait for no owner.
    pub(super) patience: Option<Duration>,
    /// Whether a missing directory is made.
    pub(super) mkdir: bool,
    pub(super) events: &'a Events,
    pub(super) reporter: Reporter,
}

impl Taking<'_> {
    /// Acquires all of them, or none.
    ///
    /// The command holds nothing while it waits for another process. It releases what it acquired, waits for the
    /// obstacle and acquires that first, then tries the others again. So no two commands wait for each other, whatever
    /// the order in which each of them sees the directories.
    pub(super) fn take(&self, mut order: Vec<&Path>) -> Result<Taken, anyhow::Error> {
        let begun = Instant::now();
        let mut line = WaitingLine::new(self.reporter);
        let mut rounds = 0;
        let mut locks = Vec::new();
        while let Some(directory) = order.get(locks.len()).copied() {
            let several = order.len() > 1;
            let left = self.left(begun);
            let Some(mut attempt) = self.begin(directory, several, left)? else {
                order[..=locks.len()].rotate_right(1);
                self.give_back(mem::take(&mut locks))?;
                let limit = MISSING.min(left.unwrap_or_default());
                match self.sleep(&[], limit, || line.draw())? {
                    Some(Event::Signal(caught)) => return Ok(Taken::Signal(caught)),
                    Some(_) => return Ok(Taken::InputClosed),
                    None => continue,
                }
            };
            let waiting = match proceed(&mut attempt, directory, &locks)? {
                Progress::Acquired(lock) => {
                    locks.push(lock);
                    continue;
                }
                Progress::Waiting(waiting) => waiting,
            };
            let mut ended = None;
            if !locks.is_empty() {
                order[..=locks.len()].rotate_right(1);
                self.give_back(mem::take(&mut locks))?;
                ended = self.pause(rounds)?;
                rounds += 1;
            }
            let outcome = match ended {
                Some(event) => Err(event),
                None => self.wait(&mut attempt, waiting, &mut line)?,
            };
            match outcome {
                Ok(lock) => locks.push(lock),
                Err(Event::Signal(caught)) => return Ok(Taken::Signal(caught)),
                Err(_) => return Ok(Taken::InputClosed),
            }
        }
        Ok(Taken::Locks(locks))
    }

    /// Returns the patience that is left, for all directories together.
    fn left(&self, begun: Instant) -> Option<Duration> {
        match self.patience? {
            Duration::MAX => Some(Duration::MAX),
            patience => Some(patience.saturating_sub(begun.elapsed())),
        }
    }

    /// Continues an attempt until it has the lock, or until an event ends it.
    fn wait(
        &self,
        attempt: &mut Attempt,
        mut waiting: Waiting,
        line: &mut WaitingLine,
    ) -> Result<Result<Lock, Event>, anyhow::Error> {
        loop {
            line.report(&waiting);
            let is_missing = waiting.awaited() == Awaited::Directory;
            let limit = match self.mkdir && is_missing && make(waiting.path())? {
                true => Duration::ZERO,
                false => waiting.retry_after(),
            };
            let descriptors: Vec<_> = attempt.descriptors().collect();
            let event = self.sleep(&descriptors, limit, || line.draw())?;
            if let Some(event) = event {
                return Ok(Err(event));
            }
            waiting = match attempt.proceed()? {
                Progress::Acquired(lock) => return Ok(Ok(lock)),
                Progress::Waiting(waiting) => waiting,
            };
        }
    }

    /// Sleeps until a descriptor is readable, at most for `limit`. Calls `draw` before, and again each time that the time
    /// which it returned is over. Signals are read at least once, even without time to sleep. Returns the event that ends
    /// the attempt.
    fn sleep(
        &self,
        descriptors: &[BorrowedDescriptor<'_>],
        limit: Duration,
        mut draw: impl FnMut() -> Duration,
    ) -> Result<Option<Event>, anyhow::Error> {
        let asleep = Instant::now();
        let mut rest = limit;
        loop {
            match self.events.next(descriptors, rest.min(draw()))? {
                Event::Signal(caught) if supervise::bury_orphans(caught) => {}
                event @ (Event::Signal(_) | Event::InputClosed) => return Ok(Some(event)),
                Event::Ready => return Ok(None),
                Event::Elapsed => {}
            }
            match left(limit, asleep) {
                Some(left) => rest = left,
                None => return Ok(None),
            }
        }
    }

    /// Begins an attempt. Returns `None` if the directory is missing and there is patience left. Of several
    /// directories, each existed before, so one that is missing now is waited for, or made. One that was made also
    /// existed, and was removed since, for example by an owner that removes its directory.
    fn begin(
        &self,
        directory: &Path,
        several: bool,
        left: Option<Duration>,
    ) -> Result<Option<Attempt>, anyhow::Error> {
        let options = self.options.clone();
        let options = match left {
            Some(left) => options.patience(left),
            None => options,
        };
        let waits = left.is_some_and(|left| !left.is_zero());
        match options.attempt(directory) {
            Err(error) if (several || self.mkdir) && waits && is_missing(&error) => {
                if self.mkdir {
                    make(directory)?;
                }
                Ok(None)
            }
            attempt => Ok(Some(attempt?)),
        }
    }

    /// Releases locks under which nothing has run yet. Reports now a dead owner that one of them replaced, since the
    /// final lock does not know of it.
    fn give_back(&self, locks: Vec<Lock>) -> Result<(), anyhow::Error> {
        for lock in &locks {
            // If standard output is closed, the error is reported with the final locks.
            let _ = self.reporter.replaced(lock);
        }
        for released in release(locks) {
            // A loss before anything ran under the lock does no harm.
            if let Err(error) = released
                && error.kind() != ErrorKind::Lost
            {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Pauses for a random time, whose bound doubles with each round after the first. Otherwise, commands that meet
    /// again and again at the same moment would keep each other from acquiring all. Returns the event that ends the
    /// pause early.
    fn pause(&self, rounds: u32) -> Result<Option<Event>, anyhow::Error> {
        let bound = (1_u64 << rounds.min(LONGEST_PAUSE)) - 1;
        let random = RandomState::new().hash_one(rounds) % (bound + 1);
        let (limit, begun) = (Duration::from_millis(random), Instant::now());
        while let Some(left) = left(limit, begun) {
            match self.events.next(&[], left)? {
                Event::Signal(caught) if supervise::bury_orphans(caught) => {}
                event @ (Event::Signal(_) | Event::InputClosed) => return Ok(Some(event)),
                Event::Ready | Event::Elapsed => {}
            }
        }
        Ok(None)
    }
}

/// How long to wait between two checks for a missing directory.
const MISSING: Duration = Duration::from_millis(100);

/// Makes a directory that was removed while it was waited for. Returns `false` if its parent was removed meanwhile: the
/// next check tries again.
fn make(directory: &Path) -> Result<bool, anyhow::Error> {
    match directories::make(&[directory.to_owned()]) {
        Ok(()) => Ok(true),
        Err(error) if is_not_found(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_not_found(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|it| it.kind() == io::ErrorKind::NotFound)
}

fn is_missing(error: &Error) -> bool {
    let error = error.io_error();
    error.is_some_and(|it| it.kind() == io::ErrorKind::NotFound)
}

/// The bound of the longest random pause: 64 ms, as a power of two.
const LONGEST_PAUSE: u32 = 6;

/// Makes the first step of an attempt beside locks that are held already. A directory that this very command holds
/// under another path would be waited for in vain.
fn proceed(
    attempt: &mut Attempt,
    directory: &Path,
    held: &[Lock],
) -> Result<Progress, anyhow::Error> {
    let progress = attempt.proceed();
    let holder = match &progress {
        Ok(Progress::Waiting(waiting)) => waiting.holder(),
        Ok(Progress::Acquired(_)) => None,
        Err(error) => error.holder(),
    };
    if !held.is_empty() && holder.is_some_and(Holder::is_this_process) {
        return Err(given_twice(directory));
    }
    Ok(progress?)
}

/// Returns the error for a directory that was given twice: every other directory of this command is held or was not
/// tried yet, so this one is held under another path.
fn given_twice(directory: &Path) -> anyhow::Error {
    let directory = directory.display();
    hinted(
        format!("cannot lock {directory}: this command already holds it under another path"),
        "give each directory once",
    )
}

fn left(limit: Duration, since: Instant) -> Option<Duration> {
    if limit == Duration::MAX {
        return Some(limit);
    }
    let left = limit.checked_sub(since.elapsed())?;
    (!left.is_zero()).then_some(left)
}

/// Releases the locks, the last one first. Returns the files of those that were released, and the errors of the others.
pub(super) fn release(locks: Vec<Lock>) -> Vec<Result<PathBuf, Error>> {
    let release = |lock: Lock| {
        let path = lock.path().to_owned();
        lock.release().map(|()| path)
    };
    locks.into_iter().rev().map(release).collect()
}
