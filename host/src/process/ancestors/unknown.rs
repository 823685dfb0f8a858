//! No process is shown here.

use std::time::SystemTime;

use super::Link;

/// Nothing is shown.
pub(super) fn link(_pid: u32) -> Option<Link> {
    None
}

/// There is none.
pub(super) fn time(_start: u64) -> Option<SystemTime> {
    None
}
