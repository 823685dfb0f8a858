//! The watches of a waiter, and how long it sleeps between checks.

use std::{
    mem,
    path::Path,
    process,
    time::{Duration, Instant},
};

use super::{
    error::Error,
    holder::Holder,
    watch::{Watch, platform::ProcessWatch},
};
use crate::sys::poll::{BorrowedDescriptor, await_any};

mod decision;
#[cfg_attr(unix, path = "waiter/file_version/unix.rs")]
#[cfg_attr(not(unix), path = "waiter/file_version/elsewhere.rs")]
mod file_version;

pub(crate) use self::decision::{Next, SHORTEST};
use self::{
    decision::{Decision, FileArmed, Obstacle},
    file_version::FileVersion,
};

/// Watches on the file that is in the way, its directory, and the processes that own or lock it.
#[derive(Debug, Default)]
pub(crate) struct Waiter {
    decision: Decision,
    file: Option<Watch>,
    processes: Vec<ProcessWatch>,
    /// How often a check found no watch on the file.
    unwatched: u32,
    /// The file in the way, as the last check found it or a later notification.
    version: Option<FileVersion>,
    /// When the last check ended.
    checked: Option<Instant>,
    /// Whether something was reported since.
    is_notified: bool,
}

impl Waiter {
    /// Watches the obstacle of a refusal, whose file has this absolute path. Every check renews the watch on the file:
    /// the name may belong to another file by now, even one of the same owner.
    pub(crate) fn turn_to(&mut self, refusal: &Error, path: &Path) -> Next {
        self.version = FileVersion::of(path);
        self.checked = Some(Instant::now());
        let file = self.watch_file(path);
        self.decide(obstacle(refusal), file)
    }

    /// Returns how long to leave the lock to a process that was quicker: something was reported, and the file in the way is
    /// another one than before. A check would cost twenty times as much, and where many wait, each but one would check in
    /// vain at each release.
    ///
    /// In that time nothing is listened to, or each release would wake all of them. Then the files are compared again.
    ///
    /// `is_due`: it is time to compare the files, whatever was reported.
    pub(crate) fn passed_on(&mut self, is_due: bool) -> Option<Duration> {
        let is_notified = mem::take(&mut self.is_notified);
        if !is_due && !is_notified && !self.decision.is_deaf() {
            return None;
        }
        let current = self.version.as_mut()?.update();
        let since_check = self.checked?.elapsed();
        let pause = self.decision.leave(current, since_check, process::id())?;
        self.processes.clear();
        Some(pause)
    }

    /// Returns whether a refusal names others than the last one.
    pub(crate) fn is_news(&self, refusal: &Error) -> bool {
        self.decision.is_other(&obstacle(refusal))
    }

    /// Waits for a missing directory. Only a check finds it again.
    pub(crate) fn turn_to_nothing(&mut self) -> Next {
        self.version = None;
        self.file = None;
        self.decide(Obstacle::default(), FileArmed::No)
    }

    fn decide(&mut self, obstacle: Obstacle, file: FileArmed) -> Next {
        if self.decision.is_other(&obstacle) {
            // In another PID namespace, a number may belong to another process. Its end then causes one unneeded check.
            let processes = obstacle.processes.iter();
            self.processes = processes
                .filter_map(|pid| ProcessWatch::new(*pid))
                .collect();
        }
        self.decision.decide(obstacle, file)
    }

    fn watch_file(&mut self, path: &Path) -> FileArmed {
        if self.file.is_none() {
            self.file = self.new_watch();
        }
        match self.file.as_mut().map(|watch| watch.turn_to(path)) {
            Some(Ok(true)) => FileArmed::Anew,
            Some(Ok(false)) => FileArmed::Before,
            Some(Err(_)) | None => FileArmed::No,
        }
    }

    /// Makes a watch, if it is time to try. Where the system has no watches left, other programs need the next one more
    /// than a waiter, which also checks each second. So the waiter tries less and less often, and once a minute in the
    /// end.
    fn new_watch(&mut self) -> Option<Watch> {
        let looks = self.unwatched;
        self.unwatched = looks.wrapping_add(1);
        match looks.is_power_of_two() || looks.is_multiple_of(64) {
            true => Watch::new().ok(),
            false => None,
        }
    }

    /// Takes in what the watches have reported, before the next check.
    pub(crate) fn wake(&mut self) {
        if self.decision.is_deaf() {
            return;
        }
        let file = self.file.as_ref().is_some_and(Watch::forget);
        let before = self.processes.len();
        // A process that has ended would wake the waiter again and again.
        self.processes.retain(|process| !process.has_ended());
        if file || self.processes.len() < before {
            self.decision.notified();
            self.is_notified = true;
        }
    }

    /// Returns the descriptors that become readable once a watch has reported something. There are none for a moment after
    /// the lock was passed on.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedDescriptor<'_>> {
        let file = self.file.iter().map(Watch::descriptor);
        let all = file.chain(self.processes.iter().map(ProcessWatch::descriptor));
        all.filter(|_| !self.decision.is_deaf())
    }

    /// Waits until a watch reports something, the time is up, or a signal comes.
    pub(crate) fn sleep(&self, limit: Duration) {
        let descriptors: Vec<_> = self.descriptors().collect();
        await_any(&descriptors, limit);
    }

    /// Returns the watch on the file for reuse: closing it takes the kernel longer than anything else here.
    pub(crate) fn into_watch(self) -> Option<Watch> {
        self.file
    }
}

fn obstacle(refusal: &Error) -> Obstacle {
    let holder = refusal.holder();
    let keepers = holder.into_iter().flat_map(Holder::keepers);
    let owner = holder.filter(|it| !it.is_this_process());
    let mut processes: Vec<u32> = owner.and_then(Holder::pid).into_iter().collect();
    for keeper in keepers {
        if !processes.contains(&keeper.pid()) {
            processes.push(keeper.pid());
        }
    }
    Obstacle {
        owner: holder.and_then(Holder::identity).map(str::to_owned),
        processes,
    }
}
