//! What the operating system says of processes, asked without lockhost.

#[cfg_attr(unix, path = "running/unix.rs")]
#[cfg_attr(windows, path = "running/windows.rs")]
mod platform;

pub use platform::*;
