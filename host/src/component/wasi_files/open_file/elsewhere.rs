//! A name for a file that is open, which these systems do not give.

use std::os::fd::AsFd;

use rustix::io::{Errno, Result};

/// Always fails.
pub(super) fn link(_: impl AsFd, _: impl AsFd, _: &str) -> Result<()> {
    Err(Errno::NOTSUP)
}
