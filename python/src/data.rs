//! Plain data: each value becomes a dictionary, from which the package makes a type of its own.

use std::{ffi::OsString, time::SystemTime};

use lockhost::{AliveReason, Awaited, DeadReason, Liveness, ReplacedReason, State, UnknownReason};
use pyo3::prelude::*;

/// The owner that a lock file names.
#[derive(Clone, IntoPyObject)]
pub(crate) struct Holder {
    file: String,
    pid: Option<u32>,
    identity: Option<String>,
    is_claimed: bool,
    /// In seconds since 1970.
    since: Option<f64>,
    liveness: &'static str,
    reason: &'static str,
    explanation: String,
    reader: Option<u32>,
    keepers: Vec<(u32, String)>,
    is_this_process: bool,
    is_ancestor: bool,
    is_forker: bool,
}

impl From<&lockhost::Holder> for Holder {
    fn from(holder: &lockhost::Holder) -> Self {
        let (liveness, reason) = words(holder.liveness());
        let keepers = holder.keepers().iter();
        Self {
            file: holder.file().to_owned(),
            pid: holder.pid(),
            identity: holder.identity().map(str::to_owned),
            is_claimed: holder.is_claimed(),
            since: holder.since().map(seconds),
            liveness,
            reason,
            explanation: holder.explanation(),
            reader: holder.reader(),
            keepers: keepers
                .map(|it| (it.pid(), lockhost::Printable(it.command()).to_string()))
                .collect(),
            is_this_process: holder.is_this_process(),
            is_ancestor: holder.is_ancestor(),
            is_forker: holder.is_forker(),
        }
    }
}

fn seconds(time: SystemTime) -> f64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// Returns the words for the state of a process and its reason, as the program's `--json` has them.
fn words(liveness: Liveness) -> (&'static str, &'static str) {
    match liveness {
        Liveness::Alive(reason) => ("alive", alive(reason)),
        Liveness::Dead(reason) => ("dead", dead(reason)),
        Liveness::Unknown(reason) => ("unknown", unknown(reason)),
    }
}

fn alive(reason: AliveReason) -> &'static str {
    match reason {
        AliveReason::Evidence => "evidence",
        AliveReason::Running => "running",
        AliveReason::Unguarded => "unguarded",
        AliveReason::Exists => "exists",
        AliveReason::ThisProcess => "this-process",
        AliveReason::OwnPid => "own-pid",
        _ => "other",
    }
}

fn dead(reason: DeadReason) -> &'static str {
    match reason {
        DeadReason::NoProcess => "no-process",
        DeadReason::Zombie => "zombie",
        DeadReason::Thread => "thread",
        DeadReason::Reused => "reused",
        DeadReason::EvidenceGone => "evidence-gone",
        DeadReason::Nobody => "nobody",
        DeadReason::SessionGone => "session-gone",
        _ => "other",
    }
}

fn unknown(reason: UnknownReason) -> &'static str {
    match reason {
        UnknownReason::OtherBoot => "other-boot",
        UnknownReason::OtherNamespace => "other-namespace",
        UnknownReason::Unreadable => "unreadable",
        UnknownReason::NoAnswer => "no-answer",
        UnknownReason::NoCoordinator => "no-coordinator",
        _ => "other",
    }
}

/// A wait of an attempt.
#[derive(IntoPyObject)]
pub(crate) struct Waiting {
    awaited: &'static str,
    /// In seconds.
    retry_after: f64,
    holder: Option<Holder>,
}

impl From<&lockhost::Waiting> for Waiting {
    fn from(waiting: &lockhost::Waiting) -> Self {
        Self {
            awaited: match waiting.awaited() {
                Awaited::Settling => "settling",
                Awaited::OtherReclaim => "other-reclaim",
                Awaited::Release => "release",
                Awaited::Directory => "directory",
                _ => "other",
            },
            retry_after: waiting.retry_after().as_secs_f64(),
            holder: waiting.holder().map(Holder::from),
        }
    }
}

/// A dead file that was removed.
#[derive(IntoPyObject)]
pub(crate) struct Replaced {
    path: OsString,
    pid: Option<u32>,
    reason: &'static str,
    message: String,
}

impl From<&lockhost::Replaced> for Replaced {
    fn from(replaced: &lockhost::Replaced) -> Self {
        Self {
            path: replaced.path().into(),
            pid: replaced.pid(),
            reason: match replaced.reason() {
                ReplacedReason::Dead(reason) => dead(reason),
                ReplacedReason::Malformed => "malformed",
                ReplacedReason::AssumedDead => "assumed-dead",
                _ => "other",
            },
            message: replaced.to_string(),
        }
    }
}

/// A problem that does not affect a lock.
#[derive(IntoPyObject)]
pub(crate) struct Warning {
    message: String,
    hint: Option<String>,
}

impl From<&lockhost::Warning> for Warning {
    fn from(warning: &lockhost::Warning) -> Self {
        Self {
            message: warning.to_string(),
            hint: warning.hint().map(Into::into),
        }
    }
}

/// A lock, judged and not touched.
#[derive(IntoPyObject)]
pub(crate) struct Status {
    path: OsString,
    state: &'static str,
    holder: Option<Holder>,
    reclaims: Vec<Holder>,
    obstacle: Option<Holder>,
    hint: Option<String>,
    would_have_evidence: bool,
}

impl From<&lockhost::Status> for Status {
    fn from(status: &lockhost::Status) -> Self {
        Self {
            path: status.path().into(),
            state: match status.state() {
                State::Free => "free",
                State::Held => "held",
                State::Unknown => "unknown",
                State::Stale => "stale",
                State::Malformed => "malformed",
                _ => "other",
            },
            holder: status.holder().map(Holder::from),
            reclaims: status.reclaims().iter().map(Holder::from).collect(),
            obstacle: status.obstacle().map(Holder::from),
            hint: status.hint(),
            would_have_evidence: status.would_have_evidence(),
        }
    }
}
