//! The service manager: systemd(1), and managers with the same protocol.

use std::io;

use sd_notify::NotifyState;

/// A change of the service.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// It is ready.
    Ready,
    /// It is stopping.
    Stopping,
}

impl From<Change> for NotifyState<'_> {
    fn from(change: Change) -> Self {
        match change {
            Change::Ready => Self::Ready,
            Change::Stopping => Self::Stopping,
        }
    }
}

/// Notifies the manager, if it listens.
pub(super) fn tell(change: Option<Change>, status: &str) -> io::Result<()> {
    let states = change.map(NotifyState::from).into_iter();
    let states: Vec<_> = states.chain([NotifyState::Status(status)]).collect();
    sd_notify::notify(&states)
}
