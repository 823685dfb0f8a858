//! A name for an open file, which these systems cannot give.

use std::os::fd::AsFd;

use rustix::io::{Errno, Result};

/// Always fails.
pub(crate) fn link(_: impl AsFd, _: impl AsFd, _: &str) -> Result<()> {
    Err(Errno::NOTSUP)
}
