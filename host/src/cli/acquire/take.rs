//! Taking the locks, and waiting for those that somebody has, until a signal says not to.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use lockhost::{Error, Lock, Options, Progress};

use super::{
    events::{Event, Events},
    notice::Notice,
};
use crate::cli::{signals::Caught, voice::Voice};

/// What became of it.
pub(super) enum Taken {
    /// All the locks.
    Locks(Vec<Lock>),
    /// A signal came first. Nothing is left.
    Signal(Caught),
    /// Standard input was closed first. Nothing is left.
    InputClosed,
}

/// How the locks are taken.
pub(super) struct Taking<'a> {
    pub(super) options: Options,
    /// How long they are waited for, all together.
    pub(super) patience: Duration,
    pub(super) events: &'a Events,
    pub(super) voice: Voice,
}

impl Taking<'_> {
    /// All of them, one after another, or none.
    pub(super) fn take(&self, directories: &[&Path]) -> Result<Taken, anyhow::Error> {
        let begun = Instant::now();
        let mut locks = Vec::new();
        for directory in directories {
            let left = match self.patience {
                Duration::MAX => Duration::MAX,
                patience => patience.saturating_sub(begun.elapsed()),
            };
            match self.take_one(directory, left)? {
                Ok(lock) => locks.push(lock),
                Err(Event::Signal(caught)) => return Ok(Taken::Signal(caught)),
                Err(_) => return Ok(Taken::InputClosed),
            }
        }
        Ok(Taken::Locks(locks))
    }

    /// The lock, or what came first.
    fn take_one(
        &self,
        directory: &Path,
        patience: Duration,
    ) -> Result<Result<Lock, Event>, anyhow::Error> {
        let options = self.options.clone().patience(patience);
        let mut attempt = options.attempt(directory)?;
        let mut notice = Notice::new(self.voice);
        loop {
            let waiting = match attempt.proceed()? {
                Progress::Acquired(lock) => return Ok(Ok(lock)),
                Progress::Waiting(waiting) => waiting,
            };
            notice.tell(&waiting);
            let descriptors: Vec<_> = attempt.descriptors().collect();
            let asleep = Instant::now();
            while let Some(left) = left(waiting.retry_after(), asleep) {
                let event = self.events.next(&descriptors, left.min(notice.lasts()))?;
                match event {
                    Event::Signal(_) | Event::InputClosed => return Ok(Err(event)),
                    Event::Ready => break,
                    Event::Elapsed => notice.tell(&waiting),
                }
            }
        }
    }
}

fn left(limit: Duration, since: Instant) -> Option<Duration> {
    if limit == Duration::MAX {
        return Some(limit);
    }
    let left = limit.checked_sub(since.elapsed())?;
    (!left.is_zero()).then_some(left)
}

/// Gives them up, the last one first: the files of those that were, and what went wrong with the others.
pub(super) fn release(locks: Vec<Lock>) -> Vec<Result<PathBuf, Error>> {
    let release = |lock: Lock| {
        let path = lock.path().to_owned();
        lock.release().map(|()| path)
    };
    locks.into_iter().rev().map(release).collect()
}
