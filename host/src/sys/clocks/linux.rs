//! The two clocks of Linux that together count every second: CLOCK_BOOTTIME counts suspend, and is slewed;
//! CLOCK_MONOTONIC_RAW is not slewed, and does not count suspend.

use std::time::Duration;

use rustix::time::{ClockId, DynamicClockId, clock_gettime_dynamic};

/// Returns the readings of both, or nothing if the kernel lacks one.
pub(crate) fn now() -> Option<(Duration, Duration)> {
    Some((read(ClockId::Boottime)?, read(ClockId::MonotonicRaw)?))
}

fn read(clock: ClockId) -> Option<Duration> {
    let time = clock_gettime_dynamic(DynamicClockId::Known(clock)).ok()?;
    let (seconds, nanoseconds) = (time.tv_sec.try_into(), time.tv_nsec.try_into());
    Some(Duration::new(seconds.ok()?, nanoseconds.ok()?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_clocks_advance() {
        let before = super::now().unwrap();
        let after = super::now().unwrap();
        assert!(before.0 <= after.0 && before.1 <= after.1);
        assert!(before.0 > std::time::Duration::ZERO);
    }
}
