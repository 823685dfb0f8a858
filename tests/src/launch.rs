//! The state that a test process inherits from the process that launched it, and that its results must not depend on.

#[cfg_attr(unix, path = "launch/unix.rs")]
#[cfg_attr(windows, path = "launch/windows.rs")]
mod platform;

use std::sync::Once;

/// Gives this process, and so each program that it starts, the state that a login shell gives. A script that runs the tests
/// in the background ignores keys' signals and may have files open, and a service may have a strict umask.
pub(crate) fn normalize() {
    static NORMALIZED: Once = Once::new();
    NORMALIZED.call_once(platform::normalize);
}
