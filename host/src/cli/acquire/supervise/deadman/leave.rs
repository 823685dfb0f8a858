//! The end of a lockhost without a command when its lock is lost: by the deadline, even if the share does not answer.

use std::{process, thread, time::Duration};

use lockhost::{Confirmation, Lock};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{super::super::Acquire, clocks, forward::deadline, watchdog::Watchdog};
use crate::cli::{exit_code::ExitCode, hint::hinted};

/// How long to sleep at most: the clock of sleeps does not count suspend.
const TICK: Duration = Duration::from_millis(100);

/// Ends this process, with the code of a failure, before the deadline of a lock that is lost. Until then, the main thread
/// may report the loss and release the lock.
pub(in super::super::super) fn leave_in_time(arguments: &Acquire, locks: &[Lock]) {
    let reserve = arguments.coordination.timing().stop / 4;
    let Some(mut confirms) = locks.first().and_then(Lock::confirms) else {
        return;
    };
    let watchdog = Watchdog::of(arguments);
    let started = thread::Builder::new()
        .name("lockhost-deadlines".to_owned())
        .spawn(move || {
            let (mut last, _) = deadline(&confirms);
            while confirms.wait(last.left(clocks::now()).saturating_sub(reserve))
                == Confirmation::Confirmed
            {
                (last, _) = deadline(&confirms);
                watchdog.feed();
            }
            while last.left(clocks::now()) > reserve {
                thread::sleep(TICK.min(last.left(clocks::now())));
            }
            process::exit(ExitCode::FAILURE.number().into());
        });
    // Without the thread, the main thread notices the loss, unless it waits for the share.
    drop(started);
}

/// Returns a lock that must be considered lost, and why: its session was not confirmed in time, or is gone.
pub(in super::super::super) fn loss(locks: &[Lock]) -> Option<(&Lock, anyhow::Error)> {
    let is_lost = |lock: &&Lock| {
        let Some(lost) = lock.lost() else {
            return false;
        };
        let mut polled = [PollFd::from_borrowed_fd(lost, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    };
    let lock = locks.iter().find(is_lost)?;
    Some((lock, unconfirmed(lock, "so the lock is given up")))
}

/// Returns the error for a lock whose session is not confirmed, and what follows.
pub(super) fn unconfirmed(lock: &Lock, consequence: &str) -> anyhow::Error {
    let path = lock.path().display();
    let why = lock
        .coordinator_failure()
        .map_or_else(String::new, |why| format!(" ({why})"));
    hinted(
        format!("{path}: the coordinator does not confirm the session{why}, {consequence}"),
        "check that the coordinator can be reached; start lockhost again once it answers",
    )
}
