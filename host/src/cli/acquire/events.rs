//! All events that may happen while a lock is waited for or held, in one place to wait for them.

use crate::cli::signals::{Caught, Signals};

#[cfg_attr(unix, path = "events/unix.rs")]
#[cfg_attr(windows, path = "events/windows.rs")]
mod platform;

#[cfg(kernel = "linux")]
pub(super) use self::platform::await_any;

/// The sources of events that are always waited for.
pub(super) struct Events {
    pub(super) signals: Signals,
    /// Whether the end of standard input is an event.
    pub(super) input: bool,
}

/// An event.
#[derive(Debug)]
pub(super) enum Event {
    /// A signal arrived.
    Signal(Caught),
    /// No process has standard input open for writing any more.
    InputClosed,
    /// One of the other descriptors is readable.
    Ready,
    /// The time is up, or might be.
    Elapsed,
}
