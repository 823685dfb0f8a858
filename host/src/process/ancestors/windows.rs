//! Parents, as the system's list of all processes shows them.

use std::time::{Duration, SystemTime};

use super::Link;
use crate::process::platform::listed;

/// The seconds from the year 1601, in which starts begin, to 1970.
const TO_EPOCH: u64 = 11_644_473_600;

/// Returns what the system shows of a process now. A child keeps the number of a parent that has ended.
pub(super) fn link(pid: u32) -> Option<Link> {
    let (entry, parent) = listed(pid)?;
    Some(Link {
        start: entry.start,
        parent: parent.filter(|parent| *parent != 0),
    })
}

/// Converts a start to the wall clock: it already is such a time, in units of 100 nanoseconds.
pub(super) fn time(start: u64) -> Option<SystemTime> {
    let start = Duration::from_micros(start / 10);
    SystemTime::UNIX_EPOCH.checked_add(start.checked_sub(Duration::from_secs(TO_EPOCH))?)
}
