//! The watchdog of a service manager, which is fed by confirms: sd_watchdog_enabled(3).

use sd_notify::NotifyState;

use super::super::super::Acquire;
use crate::cli::notify::Notify;

/// A watchdog, if the service manager has set one for this process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watchdog(bool);

impl Watchdog {
    /// Returns the one of this process's environment, unless `--notify=no` is given.
    pub(super) fn of(arguments: &Acquire) -> Self {
        Self(arguments.notify != Notify::No && sd_notify::watchdog_enabled().is_some())
    }

    /// Reports that the session was confirmed.
    pub(super) fn feed(self) {
        if self.0 {
            // A manager that does not hear it ends the service, and that is reported there.
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }
}
