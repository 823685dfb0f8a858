//! The operating system's reports about processes, without lockhost.

#[cfg_attr(unix, path = "running/unix.rs")]
#[cfg_attr(windows, path = "running/windows.rs")]
mod platform;

pub use platform::*;

/// Returns the lock of [`another_process`], as another program would have made it.
#[must_use]
pub fn lock_of_another_process() -> String {
    format!("{}\n", another_process())
}
