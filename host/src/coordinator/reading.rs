//! Readings of the two clocks by which a session's time is measured.

use std::time::Duration;

/// A reading of two clocks at one time.
///
/// CLOCK_BOOTTIME counts suspend, and is slewed. CLOCK_MONOTONIC_RAW is not slewed, and does not count suspend. An owner
/// ends by the clock on which more time went by, and an asker waits by the one on which less did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Reading {
    /// CLOCK_BOOTTIME.
    pub(crate) boot: Duration,
    /// CLOCK_MONOTONIC_RAW.
    pub(crate) raw: Duration,
}

impl Reading {
    /// Returns how much time went by at most.
    pub(crate) fn most_since(&self, earlier: &Self) -> Duration {
        let (boot, raw) = self.since(earlier);
        boot.max(raw)
    }

    /// Returns how much time went by at least.
    pub(crate) fn least_since(&self, earlier: &Self) -> Duration {
        let (boot, raw) = self.since(earlier);
        boot.min(raw)
    }

    fn since(&self, earlier: &Self) -> (Duration, Duration) {
        let boot = self.boot.saturating_sub(earlier.boot);
        (boot, self.raw.saturating_sub(earlier.raw))
    }
}
