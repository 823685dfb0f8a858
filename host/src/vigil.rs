//! Waiting for a lock that somebody else has: what wakes whoever waits, and how long it sleeps where nothing can.

use std::{io, path::PathBuf, time::Duration};

use crate::{
    descriptor::{BorrowedDescriptor, await_any},
    error::Error,
    holder::{AliveReason, Holder, Liveness},
    process::platform::is_local,
    watch::{Watch, platform::ProcessWatch},
};

/// The first pause where nobody tells what is waited for, or after somebody has. Each further one is twice as long.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest pause between two looks where nobody tells.
const LONGEST: Duration = Duration::from_secs(1);

/// Watches the file that is in the way, and the processes that have it.
#[derive(Debug, Default)]
pub(crate) struct Vigil {
    /// Whom it watches.
    subject: Option<Subject>,
    file: Option<Watch>,
    processes: Vec<ProcessWatch>,
    /// Whether something tells of whatever may end the wait.
    complete: bool,
    /// `None` while there is no need to look again before something is told.
    pause: Option<Duration>,
}

#[derive(Debug, PartialEq, Eq)]
struct Subject {
    path: PathBuf,
    identity: Option<String>,
    processes: Vec<u32>,
}

impl Subject {
    fn of(refusal: &Error) -> Self {
        let holder = refusal.holder();
        let keepers = holder.into_iter().flat_map(Holder::keepers);
        let owner = holder.filter(|it| !it.is_this_process());
        let owner = owner.and_then(Holder::pid);
        Self {
            path: refusal.path().to_owned(),
            identity: holder.and_then(Holder::identity).map(str::to_owned),
            processes: owner
                .into_iter()
                .chain(keepers.map(|it| it.pid()))
                .collect(),
        }
    }
}

impl Vigil {
    /// Watch whoever was in the way. Whether that is somebody new: then it may have gone before it was watched, and
    /// should be looked for once more.
    pub(crate) fn turn_to(&mut self, refusal: &Error) -> bool {
        let subject = Subject::of(refusal);
        if self.subject.as_ref() == Some(&subject) {
            return false;
        }
        let watched = self.watch_file(&subject);
        // A number may be another process' in another PID namespace. That it ends is then one look for nothing.
        self.processes = subject
            .processes
            .iter()
            .filter_map(|pid| ProcessWatch::new(*pid))
            .collect();
        self.complete = watched.is_ok()
            && is_local(&subject.path)
            && self.is_told_of_death(refusal.holder().map(Holder::liveness));
        self.pause = (!self.complete).then_some(SHORTEST);
        self.subject = Some(subject);
        true
    }

    fn watch_file(&mut self, subject: &Subject) -> io::Result<()> {
        let watch = match &mut self.file {
            Some(watch) => watch,
            none => none.insert(Watch::new()?),
        };
        watch.forget();
        watch.turn_to(&subject.path)
    }

    fn is_told_of_death(&self, liveness: Option<Liveness>) -> bool {
        match liveness {
            // The last process that has the file closes it.
            Some(Liveness::Alive(AliveReason::Evidence | AliveReason::ThisProcess)) => true,
            Some(Liveness::Alive(_)) => !self.processes.is_empty(),
            _ => false,
        }
    }

    /// Takes in what was told meanwhile, before the next look.
    pub(crate) fn wake(&mut self) {
        let told = self.file.as_ref().is_some_and(Watch::forget);
        let before = self.processes.len();
        // One that has ended would wake for ever.
        self.processes.retain(|process| !process.has_ended());
        // Things are told a moment before they are so: a name is removed after its file has one link less, and a file
        // is unlocked after it was closed. So what was told and is not yet to be seen is looked for again soon.
        self.pause = if told || self.processes.len() < before {
            Some(SHORTEST)
        } else {
            self.pause.and_then(|pause| self.after(pause))
        };
    }

    fn after(&self, pause: Duration) -> Option<Duration> {
        match pause * 2 {
            longer if longer < LONGEST => Some(longer),
            _ if self.complete => None,
            _ => Some(LONGEST),
        }
    }

    /// How long there is nothing to look for unless something is told.
    pub(crate) fn pause(&self) -> Duration {
        self.pause.unwrap_or(Duration::MAX)
    }

    /// Readable once something is told.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedDescriptor<'_>> {
        let file = self.file.iter().map(Watch::descriptor);
        file.chain(self.processes.iter().map(ProcessWatch::descriptor))
    }

    /// Waits until something is told, the time is up, or a signal comes.
    pub(crate) fn sleep(&self, limit: Duration) {
        let descriptors: Vec<_> = self.descriptors().collect();
        await_any(&descriptors, limit);
    }

    /// Whatever watches files, to be used again: to close it takes the kernel longer than anything else here.
    pub(crate) fn into_watch(self) -> Option<Watch> {
        self.file
    }
}
