//! Notifications on Unix: descriptors, which become readable, and poll(2).

use std::{
    io::{self, PipeWriter},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A notification that can be waited for beside others. On Unix it is a descriptor, which becomes readable when there
/// is something to check, for poll(2). On Windows it is a handle, which is signalled then, for
/// `WaitForMultipleObjects`. [`Watch`](crate::Watch) has an example.
pub type BorrowedDescriptor<'a> = BorrowedFd<'a>;

/// A notification that is owned.
pub(crate) type OwnedDescriptor = OwnedFd;

/// Borrows a notification, to wait for it.
pub(crate) fn borrow(descriptor: &OwnedDescriptor) -> BorrowedDescriptor<'_> {
    descriptor.as_fd()
}

/// Waits until one of them is readable, the time is up, or a signal comes. Returns whether one is readable.
pub(crate) fn await_any(descriptors: &[BorrowedDescriptor<'_>], limit: Duration) -> bool {
    let poll_fd = |descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN);
    let mut fds: Vec<_> = descriptors.iter().copied().map(poll_fd).collect();
    // A time that is too long for the kernel means for ever.
    let limit = Timespec::try_from(limit).ok();
    poll(&mut fds, limit.as_ref()).is_ok_and(|ready| ready > 0)
}

/// One end of a notification: another thread can wait until this end is dropped.
#[derive(Debug)]
pub(crate) struct Tie(#[allow(dead_code, reason = "dropping it is all it is for")] PipeWriter);

/// Returns a tie, and the descriptor that becomes readable once the tie is dropped.
///
/// # Errors
/// If there are no descriptors left.
pub(crate) fn tie() -> io::Result<(Tie, OwnedDescriptor)> {
    let (dropped, kept) = io::pipe()?;
    Ok((Tie(kept), dropped.into()))
}
