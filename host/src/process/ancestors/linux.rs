//! Parents, as proc(5) shows them.

use std::{
    fs,
    time::{Duration, SystemTime},
};

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

/// Converts a start to the wall clock, as it is set now. The uptime is that of the time namespace, as starts are.
pub(super) fn time(start: u64) -> Option<SystemTime> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let seconds = uptime.split(' ').next()?.parse().ok()?;
    let uptime = Duration::try_from_secs_f64(seconds).ok()?;
    let ticks = rustix::param::clock_ticks_per_second();
    let start = Duration::from_millis(start.checked_mul(1_000)?.checked_div(ticks)?);
    SystemTime::now().checked_sub(uptime.checked_sub(start)?)
}
