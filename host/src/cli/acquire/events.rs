//! Whatever may happen while a lock is waited for or held, in one place to wait for it.

use crate::cli::signals::{Caught, Signals};

#[cfg_attr(unix, path = "events/unix.rs")]
#[cfg_attr(windows, path = "events/windows.rs")]
mod platform;

/// What is waited for in any case.
pub(super) struct Events {
    pub(super) signals: Signals,
    /// Whether it matters that standard input is closed.
    pub(super) input: bool,
}

/// What has happened.
#[derive(Debug)]
pub(super) enum Event {
    /// A signal has come.
    Signal(Caught),
    /// Nobody writes to standard input any more.
    InputClosed,
    /// One of the other descriptors is readable.
    Ready,
    /// The time is up, or might be.
    Elapsed,
}
