//! Parents, as sysctl(3) shows them.

use std::time::{Duration, SystemTime};

use super::Link;
use crate::process::platform::entry;

/// Returns what the system shows of a process now.
pub(super) fn link(pid: u32) -> Option<Link> {
    let entry = entry(pid)?;
    Some(Link {
        start: entry.start,
        parent: Some(entry.parent).filter(|parent| *parent != 0),
    })
}

/// Converts a start to the wall clock: it already is such a time, in microseconds.
pub(super) fn time(start: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(start))
}
