//! What ends a command beside its own end and signals.

use std::time::Duration;

use lockhost::BorrowedDescriptor;

use super::super::loss::{Change, Losses};

/// The reasons to end a command.
pub(in super::super) trait Guard {
    /// Returns descriptors that are readable once there is a reason to check.
    fn descriptors(&self) -> Vec<BorrowedDescriptor<'_>>;

    /// Returns how long there is no reason to check, unless a descriptor is readable.
    fn pause(&self) -> Duration;

    /// Checks. Returns whether to ask the command to end.
    fn look(&mut self) -> bool;
}

/// The losses of locks, each of which is handed to a function that returns whether the command is to end for it.
pub(super) struct ByLoss<'a, 'b, F> {
    pub(super) losses: &'b mut Losses<'a>,
    pub(super) lost: F,
}

impl<F: FnMut(Change<'_>) -> bool> Guard for ByLoss<'_, '_, F> {
    fn descriptors(&self) -> Vec<BorrowedDescriptor<'_>> {
        self.losses.descriptors()
    }

    fn pause(&self) -> Duration {
        self.losses.pause()
    }

    fn look(&mut self) -> bool {
        // Each of them is reported.
        let changes = self.losses.look().into_iter();
        changes.map(&mut self.lost).fold(false, |any, it| any | it)
    }
}
