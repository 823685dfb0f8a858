//! The thread that sends deadlines to the deadman. It depends on the coordinator alone: lockhost's main thread may wait for
//! a share that does not answer.
//!
//! If the deadman does not end the command, because it is stopped, this thread kills both, a quarter of K before the
//! deadline.

use std::{io, sync::Arc, thread, time::Duration};

use lockhost::{Confirmation, Confirms};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::OwnedFd,
    process::{Signal, pidfd_send_signal},
};

use super::{cgroup::Cgroup, clocks, decision::Deadline, link::Link, watchdog::Watchdog};

/// What the thread needs.
pub(super) struct Forward {
    pub(super) confirms: Confirms,
    pub(super) link: Arc<Link>,
    /// K.
    pub(super) stop: Duration,
    /// The deadman, unless the kernel has no descriptors of processes.
    pub(super) deadman: Option<OwnedFd>,
    pub(super) cgroup: Option<Arc<Cgroup>>,
    pub(super) watchdog: Watchdog,
}

impl Forward {
    /// Starts the thread. It ends after the deadman, or after the lock.
    pub(super) fn start(self) -> io::Result<()> {
        let thread = thread::Builder::new().name("lockhost-deadlines".to_owned());
        thread.spawn(move || self.run()).map(drop)
    }

    fn run(mut self) {
        let last = loop {
            let (deadline, left) = send(&self.confirms, &self.link);
            match self.confirms.wait(left.saturating_sub(self.reserve())) {
                Confirmation::Confirmed => self.watchdog.feed(),
                Confirmation::Elapsed | Confirmation::Over => break deadline,
            }
        };
        self.link.send(Deadline::PASSED);
        self.kill_late(last);
    }

    /// Returns how long before the deadline this thread does what the deadman has not done.
    fn reserve(&self) -> Duration {
        self.stop / 4
    }

    fn kill_late(&self, last: Deadline) {
        let Some(deadman) = &self.deadman else {
            return;
        };
        while !has_ended(
            deadman,
            last.left(clocks::now()).saturating_sub(self.reserve()),
        ) {
            if last.left(clocks::now()) > self.reserve() {
                continue;
            }
            if let Some(cgroup) = &self.cgroup {
                cgroup.kill();
            }
            // The kernel kills the command with it. What is left of the rest, the main thread kills.
            let _ = pidfd_send_signal(deadman, Signal::KILL);
            return;
        }
    }
}

/// Sends the current deadline. Returns it, and how long it is until then.
pub(super) fn send(confirms: &Confirms, link: &Link) -> (Deadline, Duration) {
    let (deadline, left) = deadline(confirms);
    link.send(deadline);
    (deadline, left)
}

/// Returns the current deadline, and how long it is until then.
pub(super) fn deadline(confirms: &Confirms) -> (Deadline, Duration) {
    // First the clocks: a suspend between the two makes the deadline earlier.
    let read = clocks::now();
    let left = confirms.left();
    (Deadline::after(read, left), left)
}

/// Waits for the end of a process. Returns whether it has ended.
fn has_ended(process: &OwnedFd, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).ok();
    let mut polled = [PollFd::new(process, PollFlags::IN)];
    poll(&mut polled, limit.as_ref()).is_ok_and(|ready| ready > 0)
}
