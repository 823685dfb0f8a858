//! poll(2) on all of it.

use std::{
    io::{self, Read},
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{Event, Events};

impl Events {
    /// Waits for the next, at most so long.
    pub(in super::super) fn next(
        &self,
        others: &[BorrowedFd<'_>],
        limit: Duration,
    ) -> io::Result<Event> {
        // Those that have come already, without a look at whether they have.
        if let Some(caught) = self.signals.next()? {
            return Ok(Event::Signal(caught));
        }
        let stdin = io::stdin();
        let input = self.input.then_some(stdin.as_fd());
        let descriptors = [self.signals.as_fd()].into_iter().chain(input);
        let poll_fd = |descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN);
        let mut fds: Vec<_> = descriptors
            .chain(others.iter().copied())
            .map(poll_fd)
            .collect();
        // What is too long for the kernel is for ever.
        let limit = Timespec::try_from(limit).ok();
        match poll(&mut fds, limit.as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(Event::Elapsed),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(caught) = self.signals.next()? {
            return Ok(Event::Signal(caught));
        }
        let is_ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        if self.input && is_ready(&fds[1]) && is_at_end(stdin.lock())? {
            return Ok(Event::InputClosed);
        }
        let others = 1 + usize::from(self.input);
        Ok(match fds[others..].iter().any(is_ready) {
            true => Event::Ready,
            false => Event::Elapsed,
        })
    }
}

/// Reads what there is. Whether it was nothing, and there will be no more.
fn is_at_end(mut input: impl Read) -> io::Result<bool> {
    match input.read(&mut [0; 8192]) {
        Ok(read) => Ok(read == 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
