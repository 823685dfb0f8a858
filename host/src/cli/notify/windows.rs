//! The service manager: that of Windows starts programs of its own kind, and accepts no notification from others.

use std::io;

/// A change of the service.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// It is ready.
    Ready,
    /// It is stopping.
    Stopping,
}

/// Does nothing: no manager listens.
pub(super) fn tell(_change: Option<Change>, _status: &str) -> io::Result<()> {
    Ok(())
}
