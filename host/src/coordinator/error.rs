//! The error of a coordinator.

use std::{error, fmt};

/// What kind of failure it is. [`CoordinatorError`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoordinatorErrorKind {
    /// No endpoint answered in time.
    Unreachable,
    /// The coordinator does not admit this user, or its certificate is not trusted.
    Denied,
    /// The address or an option of it is wrong, or a file that it names cannot be read.
    Misconfigured,
    /// The coordinator answered with an error: it is full, has no leader, or lacks what is needed.
    Failed,
    /// The answer is not one of this coordinator.
    Nonsense,
}

/// Why a coordinator did not answer a question.
///
/// It is one line: the endpoint, and the cause.
///
/// ```
/// use lockhost::coordinator::{CoordinatorError, CoordinatorErrorKind};
///
/// let error = CoordinatorError::new(CoordinatorErrorKind::Unreachable, "connection refused")
///     .at("http://db1:2379");
/// assert_eq!(error.to_string(), "http://db1:2379: connection refused");
/// assert_eq!(error.kind(), CoordinatorErrorKind::Unreachable);
/// assert_eq!((error.endpoint(), error.cause()), (Some("http://db1:2379"), "connection refused"));
/// let error = error.with_hint("check that etcd runs");
/// assert_eq!(error.hint(), Some("check that etcd runs"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoordinatorError {
    kind: CoordinatorErrorKind,
    endpoint: Option<String>,
    cause: String,
    hint: Option<String>,
}

impl CoordinatorError {
    /// Creates an error with a cause, one line without a full stop.
    #[must_use]
    pub fn new(kind: CoordinatorErrorKind, cause: impl Into<String>) -> Self {
        Self {
            kind,
            endpoint: None,
            cause: cause.into(),
            hint: None,
        }
    }

    /// Names the endpoint that failed, without a password. Where all of several failed, it is the last one that was tried.
    #[must_use]
    pub fn at(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Adds the way out, one line without a full stop.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns what kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> CoordinatorErrorKind {
        self.kind
    }

    /// Returns the endpoint that failed.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Returns the cause, without the endpoint.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// Returns the way out, if the coordinator named one. It is not part of the error's text.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for CoordinatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(endpoint) = &self.endpoint {
            write!(f, "{endpoint}: ")?;
        }
        f.write_str(&self.cause)
    }
}

impl error::Error for CoordinatorError {}
