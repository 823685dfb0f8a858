//! Descriptors, which become readable, and poll(2).

use std::{
    io::{self, PipeWriter},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// What can be waited for beside other things of its kind: on Unix a descriptor, which becomes readable once there is
/// something to be looked at, for poll(2); on Windows a handle, which is signalled then, for `WaitForMultipleObjects`.
/// [`Watch`](crate::Watch) has an example.
pub type BorrowedDescriptor<'a> = BorrowedFd<'a>;

/// The same, to keep.
pub(crate) type OwnedDescriptor = OwnedFd;

/// To wait for.
pub(crate) fn borrow(descriptor: &OwnedDescriptor) -> BorrowedDescriptor<'_> {
    descriptor.as_fd()
}

/// Waits until one of them is readable, the time is up, or a signal comes. Whether one is.
pub(crate) fn await_any(descriptors: &[BorrowedDescriptor<'_>], limit: Duration) -> bool {
    let poll_fd = |descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN);
    let mut fds: Vec<_> = descriptors.iter().copied().map(poll_fd).collect();
    // What is too long for the kernel is for ever.
    let limit = Timespec::try_from(limit).ok();
    poll(&mut fds, limit.as_ref()).is_ok_and(|ready| ready > 0)
}

/// One end of something that another thread can wait for: that this one is dropped.
#[derive(Debug)]
pub(crate) struct Tie(#[allow(dead_code, reason = "dropping it is all it is for")] PipeWriter);

/// A tie, and what becomes readable once it is dropped.
///
/// # Errors
/// If there are no descriptors left.
pub(crate) fn tie() -> io::Result<(Tie, OwnedDescriptor)> {
    let (dropped, kept) = io::pipe()?;
    Ok((Tie(kept), dropped.into()))
}
