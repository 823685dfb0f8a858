//! No such descriptor is known here.

use std::{io, time::Duration};

use crate::sys::poll::BorrowedDescriptor;

/// A descriptor that is readable once its time is over. There is none.
#[derive(Debug)]
pub(crate) enum Alarm {}

impl Alarm {
    /// Returns an error.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Sets the time from now.
    pub(crate) fn set(&self, _left: Duration) {
        match *self {}
    }

    /// Returns the descriptor.
    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        match *self {}
    }
}
