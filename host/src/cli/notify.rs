//! Notification of a service manager: sd_notify(3). Does nothing unless the variable `NOTIFY_SOCKET` names a socket.

use clap::ValueEnum;
use lockhost::{Lock, Waiting};

use super::{complain, printable};

#[cfg_attr(unix, path = "notify/unix.rs")]
#[cfg_attr(windows, path = "notify/windows.rs")]
mod manager;

use self::manager::Change;

/// The variable with the manager's socket.
pub(crate) const SOCKET: &str = "NOTIFY_SOCKET";

/// How much is reported to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Notify {
    /// Report readiness once the lock is held, and before that what lockhost waits for.
    Ready,
    /// Report only what lockhost waits for and holds; COMMAND reports its readiness.
    Status,
    /// Report nothing.
    No,
}

impl Notify {
    /// Returns whether the command may notify the manager itself.
    pub(crate) fn leaves_it_to_the_command(self) -> bool {
        self != Self::Ready
    }

    /// Reports that the lock is not acquired yet.
    pub(crate) fn waiting(self, waiting: &Waiting) {
        let path = waiting.path().display();
        self.tell(None, &format!("waiting for {path}"));
    }

    /// Reports that the locks are held.
    pub(crate) fn acquired(self, locks: &[Lock]) {
        let change = match self {
            Self::Ready => Some(Change::Ready),
            Self::Status | Self::No => None,
        };
        let files = locks.iter().map(|lock| lock.path().to_string_lossy());
        let files: Vec<_> = files.collect();
        self.tell(change, &format!("holding {}", files.join(" and ")));
    }

    /// Reports that the locks are being released.
    pub(crate) fn releasing(self) {
        self.tell(Some(Change::Stopping), "releasing");
    }

    fn tell(self, change: Option<Change>, status: &str) {
        if self == Self::No {
            return;
        }
        // The manager takes each line as a message of its own.
        let status = printable(&status);
        if let Err(error) = manager::tell(change, &status) {
            complain(&format_args!(
                "warning: cannot notify the service manager: {error}"
            ));
        }
    }
}
