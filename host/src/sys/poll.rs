//! Notifications of the operating system, and waiting for one or several of them at once.

#[cfg_attr(unix, path = "poll/unix.rs")]
#[cfg_attr(windows, path = "poll/windows.rs")]
mod platform;

pub use platform::BorrowedDescriptor;
pub(crate) use platform::{OwnedDescriptor, Tie, await_any, borrow, tie};
