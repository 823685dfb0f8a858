//! The operating system's reports about processes, without lockhost.

#[cfg_attr(unix, path = "running/unix.rs")]
#[cfg_attr(windows, path = "running/windows.rs")]
mod platform;

pub use platform::*;

/// Returns the lock of [`somebody`], as another program would have made it.
#[must_use]
pub fn lock_of_somebody() -> String {
    format!("{}\n", somebody())
}
