//! No pair of clocks is known here that together count every second.

use std::time::Duration;

/// Returns nothing.
pub(crate) fn now() -> Option<(Duration, Duration)> {
    None
}
