//! The events of a lock, as JSON objects: one a line.

use std::{io, path::Path, time::SystemTime};

use lockhost::{Lock, Replaced, Restored, Waiting};
use serde::Serialize;

use super::json::{self, Failure, Holder, Reclaimed, Stream, kebab, path};

/// An event.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// The attempt waits.
    Waiting {
        path: String,
        awaited: String,
        holder: Option<Holder>,
        watched: Option<Watched>,
        failure: Option<String>,
    },
    /// A dead owner's lock was removed.
    Reclaimed(Reclaimed),
    /// A warning that does not concern the lock's state.
    Warning {
        directory: String,
        message: String,
        hint: Option<String>,
    },
    /// The lock is held.
    Acquired {
        directory: String,
        path: String,
        pid: u32,
        identity: String,
        claimed: bool,
        evidence: bool,
    },
    /// The attempt was refused, because of this holder or this file.
    Held(Failure),
    /// The lock was held, and is lost: its file or its directory was removed, replaced or moved.
    Lost(Failure),
    /// The lock's file or its claim was removed while it was held, and is back.
    Restored {
        path: String,
        how: String,
        message: String,
        hint: Option<String>,
    },
    /// The lock was released.
    Released { path: String },
    /// Any other failure.
    Failed(Failure),
}

/// For how long a session is gone, and in how long its owner counts as dead.
#[derive(Debug, Serialize)]
pub(crate) struct Watched {
    gone_ms: u128,
    left_ms: u128,
}

impl Event {
    pub(crate) fn waiting(waiting: &Waiting) -> Self {
        Self::Waiting {
            path: path(waiting.path()),
            awaited: kebab(&waiting.awaited()),
            holder: waiting.holder().map(Holder::from),
            watched: waiting.watched().map(|(gone, left)| Watched {
                gone_ms: gone.as_millis(),
                left_ms: left.as_millis(),
            }),
            failure: waiting.coordinator_failure().map(ToString::to_string),
        }
    }

    pub(crate) fn reclaimed(replaced: &Replaced) -> Self {
        Self::Reclaimed(replaced.into())
    }

    pub(crate) fn warning(lock: &Lock, message: String, hint: Option<&str>) -> Self {
        Self::Warning {
            directory: directory(lock),
            message,
            hint: hint.map(str::to_owned),
        }
    }

    pub(crate) fn acquired(lock: &Lock) -> Self {
        Self::Acquired {
            directory: directory(lock),
            path: path(lock.path()),
            pid: lock.pid(),
            identity: lock.identity().to_owned(),
            claimed: lock.is_claimed(),
            evidence: lock.has_evidence(),
        }
    }

    pub(crate) fn restored(lock: &Lock, restored: Restored) -> Self {
        Self::Restored {
            path: path(lock.path()),
            how: kebab(&restored),
            message: restored.to_string(),
            hint: restored.hint().map(Into::into),
        }
    }

    pub(crate) fn released(lock: &Path) -> Self {
        Self::Released { path: path(lock) }
    }

    /// Converts an error into a refusal, a loss, or a failure.
    pub(crate) fn error(error: &anyhow::Error) -> Self {
        let failure = Failure::from(error);
        match error.downcast_ref::<lockhost::Error>() {
            Some(error) if error.is_refusal() => Self::Held(failure),
            Some(error) if error.kind() == lockhost::ErrorKind::Lost => Self::Lost(failure),
            _ => Self::Failed(failure),
        }
    }

    /// Writes the event, with the time.
    pub(crate) fn emit(&self, stream: Stream) -> io::Result<()> {
        let stamped = Stamped {
            time: json::time(SystemTime::now()),
            event: self,
        };
        json::write(&stamped, stream)
    }
}

/// Returns the lock's directory as it was given.
fn directory(lock: &Lock) -> String {
    path(lock.path().parent().unwrap_or(Path::new("")))
}

#[derive(Serialize)]
struct Stamped<'a> {
    time: Option<String>,
    #[serde(flatten)]
    event: &'a Event,
}
