//! The two clocks by which a deadline is measured.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

use super::decision::Reading;

/// Reads both. Every kernel that has a coordinator's options has them.
pub(super) fn now() -> Reading {
    let since = |time: Timespec| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    Reading {
        boot: since(clock_gettime(ClockId::Boottime)),
        raw: since(clock_gettime(ClockId::MonotonicRaw)),
    }
}
