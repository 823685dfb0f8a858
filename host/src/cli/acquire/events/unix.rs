//! poll(2) on all sources, and select(2) where that fails.

use std::{
    io::{self, Read},
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    thread,
    time::Duration,
};

use nix::sys::{
    select::{FD_SETSIZE, FdSet, select},
    time::{TimeVal, TimeValLike},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{Event, Events};

impl Events {
    /// Waits for the next event, at most for `limit`.
    pub(in super::super) fn next(
        &self,
        others: &[BorrowedFd<'_>],
        limit: Duration,
    ) -> io::Result<Event> {
        // Signals that are pending already, without a poll.
        if let Some(caught) = self.signals.next()? {
            return Ok(Event::Signal(caught));
        }
        let stdin = io::stdin();
        let input = self.input.then_some(stdin.as_fd());
        let descriptors: Vec<_> = [self.signals.as_fd()]
            .into_iter()
            .chain(input)
            .chain(others.iter().copied())
            .collect();
        let Some(ready) = await_any(&descriptors, limit) else {
            return Ok(Event::Elapsed);
        };
        if let Some(caught) = self.signals.next()? {
            return Ok(Event::Signal(caught));
        }
        if self.input && ready[1] && is_at_end(stdin.lock())? {
            return Ok(Event::InputClosed);
        }
        let others = 1 + usize::from(self.input);
        Ok(match ready[others..].contains(&true) {
            true => Event::Ready,
            false => Event::Elapsed,
        })
    }
}

/// Returns which descriptors are readable; `None` if the time is up, or might be.
pub(in super::super) fn await_any(
    descriptors: &[BorrowedFd<'_>],
    limit: Duration,
) -> Option<Vec<bool>> {
    let mut fds: Vec<_> = descriptors
        .iter()
        .map(|it| PollFd::from_borrowed_fd(*it, PollFlags::IN))
        .collect();
    // A time that is too long for the kernel counts as no limit.
    let timeout = Timespec::try_from(limit).ok();
    match poll(&mut fds, timeout.as_ref()) {
        Ok(0) | Err(Errno::INTR) => None,
        Ok(_) => Some(fds.iter().map(|fd| !fd.revents().is_empty()).collect()),
        Err(_) => select_any(descriptors, limit),
    }
}

/// Does the same with select(2). poll(2) refuses more descriptors than this process may open by now, which may be none
/// (prlimit(2)). On any error, the caller goes on: it reads signals in any case.
fn select_any(descriptors: &[BorrowedFd<'_>], limit: Duration) -> Option<Vec<bool>> {
    let limit = limit.min(TICK);
    let fits =
        |fd: &BorrowedFd<'_>| usize::try_from(fd.as_raw_fd()).is_ok_and(|it| it < FD_SETSIZE);
    let mut set = FdSet::new();
    for descriptor in descriptors.iter().filter(|it| fits(it)) {
        set.insert(*descriptor);
    }
    let micros = i64::try_from(limit.as_micros()).unwrap_or(i64::MAX);
    match select(
        None,
        &mut set,
        None,
        None,
        &mut TimeVal::microseconds(micros),
    ) {
        Ok(0) => None,
        Ok(_) => Some(
            descriptors
                .iter()
                .map(|fd| fits(fd) && set.contains(*fd))
                .collect(),
        ),
        Err(_) => {
            thread::sleep(limit);
            None
        }
    }
}

/// How long select(2) waits at most: it may not have been given all descriptors.
const TICK: Duration = Duration::from_millis(100);

/// Reads the available input. Returns whether it is at its end.
fn is_at_end(mut input: impl Read) -> io::Result<bool> {
    match input.read(&mut [0; 8192]) {
        Ok(read) => Ok(read == 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
