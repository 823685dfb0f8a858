//! A status as one object.

use std::path::Path;

use lockhost::{Status, coordinator::CoordinatorError};
use serde::Serialize;

use super::advice::advice;
use crate::cli::{
    file_system,
    json::{Failure, Holder, kebab, path},
};

/// A status that is known.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    state: String,
    exit_code: u8,
    directory: String,
    path: String,
    pub(crate) holder: Option<Holder>,
    reclaims: Vec<Holder>,
    coordinator_failure: Option<CoordinatorFailure>,
    pub(crate) file_system: Option<String>,
    pub(crate) guarantee: Guarantee,
    pub(crate) advice: String,
}

/// Why a coordinator did not answer.
#[derive(Debug, Serialize)]
struct CoordinatorFailure {
    kind: String,
    endpoint: Option<String>,
    cause: String,
    hint: Option<String>,
}

impl From<&CoordinatorError> for CoordinatorFailure {
    fn from(failure: &CoordinatorError) -> Self {
        Self {
            kind: kebab(&failure.kind()),
            endpoint: failure.endpoint().map(str::to_owned),
            cause: failure.cause().to_owned(),
            hint: failure.hint().map(str::to_owned),
        }
    }
}

/// The basis on which locks in the directory are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Guarantee {
    /// The kernel's evidence.
    Evidence,
    /// An identity: hard links, and no evidence.
    Claim,
    /// A pid: no hard links.
    Pid,
    /// One of the last two; only a try would show which.
    Untried,
}

impl Report {
    pub(super) fn new(directory: &Path, status: &Status, exit_code: u8) -> Self {
        let file_system = file_system::name(directory);
        Self {
            state: kebab(&status.state()),
            exit_code,
            directory: path(directory),
            path: path(&status.path()),
            holder: status.holder().map(Holder::from),
            reclaims: status.reclaims().iter().map(Holder::from).collect(),
            coordinator_failure: status.coordinator_failure().map(CoordinatorFailure::from),
            guarantee: Guarantee::of(status, file_system.as_deref()),
            file_system,
            advice: advice(directory, status),
        }
    }
}

impl Guarantee {
    fn of(status: &Status, file_system: Option<&str>) -> Self {
        let mut holders = status.holder().into_iter().chain(status.reclaims());
        if status.would_have_evidence() {
            Self::Evidence
        } else if holders.any(lockhost::Holder::is_claimed) {
            Self::Claim
        } else if file_system.is_some_and(file_system::lacks_links) {
            Self::Pid
        } else {
            Self::Untried
        }
    }
}

/// A status that cannot be known.
#[derive(Debug, Serialize)]
pub(crate) struct Failed {
    state: &'static str,
    exit_code: u8,
    failure: Failure,
}

impl Failed {
    pub(super) fn new(error: &anyhow::Error, exit_code: u8) -> Self {
        Self {
            state: "failed",
            exit_code,
            failure: error.into(),
        }
    }
}
