//! The record of names on systems other than Linux, which do not report each change of a name.

use std::{convert::Infallible, fs::File, io};

/// A record that never exists.
#[derive(Debug)]
pub(crate) struct Names(Infallible);

impl Names {
    /// # Errors
    /// Always.
    pub(crate) fn record(_directory: &File, _name: &str) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn take(&self) -> Option<u32> {
        match self.0 {}
    }
}
