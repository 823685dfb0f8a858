//! The reasons why an operation failed: a kind to match on, a line that names endpoints and causes, and a hint.

use std::{borrow::Cow, error, fmt};

/// The reason why an operation on etcd failed.
///
/// Its text is one line, and names each endpoint that was tried and why it failed. What an endpoint sent is shortened and
/// escaped. [`hint`](Self::hint) returns the way out.
///
/// ```
/// use lockhost_etcd::{Address, ErrorKind};
///
/// let error = "etcd://one:port".parse::<Address>().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Configuration);
/// assert_eq!(error.to_string(), "'one:port' is no host or HOST:PORT");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    failures: Vec<Failure>,
}

/// The kind of an [`Error`], to match on. [`Error`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The URL, or a file that it names, is wrong. No endpoint was asked.
    Configuration,
    /// No endpoint could be reached.
    Unreachable,
    /// No endpoint answered in time.
    TimedOut,
    /// An endpoint closed the connection in place of an answer.
    Closed,
    /// A certificate or the handshake was refused.
    Tls,
    /// etcd does not accept the user or the password, or wants one.
    Authentication,
    /// The user may not read or write the keys.
    PermissionDenied,
    /// etcd has no space left, and accepts nothing new.
    NoSpace,
    /// The cluster has no leader, or has just lost it.
    NoLeader,
    /// An endpoint belongs to another cluster than the first one that answered.
    AnotherCluster,
    /// The endpoint is no etcd, or has no JSON gateway.
    NotEtcd,
    /// The answer is not one that etcd gives.
    Malformed,
    /// etcd refused the request for another reason.
    Refused,
    /// Other processes changed the keys too often.
    Contended,
}

impl ErrorKind {
    /// Returns the name of the kind, as the program writes it.
    ///
    /// ```
    /// assert_eq!(lockhost_etcd::ErrorKind::NoSpace.name(), "no-space");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::Closed => "closed",
            Self::Tls => "tls",
            Self::Authentication => "authentication",
            Self::PermissionDenied => "permission-denied",
            Self::NoSpace => "no-space",
            Self::NoLeader => "no-leader",
            Self::AnotherCluster => "another-cluster",
            Self::NotEtcd => "not-etcd",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::Contended => "contended",
        }
    }

    /// Returns the class by which lockhost distinguishes failures.
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Configuration => Class::Misconfigured,
            Self::Unreachable | Self::TimedOut | Self::Closed => Class::Unreachable,
            Self::Tls | Self::Authentication | Self::PermissionDenied => Class::Denied,
            Self::NoSpace | Self::NoLeader | Self::Refused | Self::Contended => Class::Failed,
            Self::AnotherCluster | Self::NotEtcd | Self::Malformed => Class::Nonsense,
        }
    }

    /// Returns how much a failure of this kind explains, beside one of another endpoint.
    fn weight(self) -> u8 {
        match self {
            Self::TimedOut => 0,
            Self::Unreachable => 1,
            Self::NoLeader | Self::Closed => 2,
            kind if kind.is_of_the_endpoint() => 3,
            _ => 4,
        }
    }

    /// Returns whether another endpoint may have another answer.
    pub(crate) fn is_of_the_endpoint(self) -> bool {
        !matches!(
            self,
            Self::Configuration
                | Self::Authentication
                | Self::PermissionDenied
                | Self::NoSpace
                | Self::Refused
                | Self::Contended
        )
    }
}

/// A class of failures, as lockhost distinguishes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// No endpoint answered in time.
    Unreachable,
    /// The user or the certificate is not admitted.
    Denied,
    /// The URL, or a file that it names, is wrong.
    Misconfigured,
    /// etcd answered with an error.
    Failed,
    /// The answer is not one of etcd.
    Nonsense,
}

/// The failure of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    /// Empty if the failure is of no endpoint.
    pub(crate) endpoint: String,
    pub(crate) cause: Cow<'static, str>,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, cause: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            endpoint: String::new(),
            cause: cause.into(),
        }
    }

    pub(crate) fn at(mut self, endpoint: &str) -> Self {
        endpoint.clone_into(&mut self.endpoint);
        self
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, cause: impl Into<Cow<'static, str>>) -> Self {
        Failure::new(kind, cause).into()
    }

    /// Returns the error of several endpoints, at least one.
    pub(crate) fn of(failures: Vec<Failure>) -> Self {
        debug_assert!(!failures.is_empty(), "a failure has a cause");
        Self { failures }
    }

    /// Returns the kind of the failure; if the endpoints failed differently, the one that explains most.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.failures[self.main()].kind
    }

    /// Returns the endpoint that failed with this kind.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        Some(self.failures[self.main()].endpoint.as_str()).filter(|it| !it.is_empty())
    }

    /// Returns why it failed, and then each other endpoint with its cause. It is one line.
    #[must_use]
    pub fn cause(&self) -> String {
        let main = self.main();
        let mut cause = self.failures[main].cause.to_string();
        for (nth, failure) in self.failures.iter().enumerate() {
            if nth != main {
                cause += &format!("; {}: {}", failure.endpoint, failure.cause);
            }
        }
        cause
    }

    /// Returns the place of the failure that explains most; of equal ones, of the first.
    fn main(&self) -> usize {
        let failures = self.failures.iter().enumerate().rev();
        let most = failures.max_by_key(|(_, it)| it.kind.weight());
        most.map_or(0, |(nth, _)| nth)
    }

    /// Returns the way out.
    ///
    /// ```
    /// use lockhost_etcd::Address;
    ///
    /// let error = "etcd://host/?password=x".parse::<Address>().unwrap_err();
    /// assert!(error.hint().contains("password-file"));
    /// ```
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Configuration => {
                "etcd://HOST:PORT,…/PREFIX?tls=yes&cacert=FILE&cert=FILE&key=FILE&user=NAME&password-file=FILE; \
                 the password may also be in LOCKHOST_ETCD_PASSWORD"
            }
            ErrorKind::Unreachable | ErrorKind::TimedOut => {
                "check that etcd runs and can be reached from here: etcdctl --endpoints … endpoint status"
            }
            ErrorKind::Closed => {
                "check tls=, cert= and key=: etcd closes a connection without TLS if it expects it, with TLS if it does not, \
                 and of a client whose certificate it refuses"
            }
            ErrorKind::Tls => {
                "check tls=, cacert=, cert= and key=: cacert= names the authority that signed the server's certificate, \
                 and the server's certificate names the host of the URL"
            }
            ErrorKind::Authentication => {
                "check user= and password-file= or LOCKHOST_ETCD_PASSWORD: etcdctl --user NAME endpoint status"
            }
            ErrorKind::PermissionDenied => {
                "grant the user's role the keys: etcdctl role grant-permission ROLE --prefix=true readwrite PREFIX/"
            }
            ErrorKind::NoSpace => {
                "compact and defragment etcd, then etcdctl alarm disarm; locks that are held go on meanwhile"
            }
            ErrorKind::NoLeader => {
                "check that more than half of the members run and reach each other: etcdctl endpoint status --cluster"
            }
            ErrorKind::AnotherCluster => "list only endpoints of one cluster in the URL",
            ErrorKind::NotEtcd => {
                "name the client port of etcd 3.4 or later, with --enable-grpc-gateway (the default)"
            }
            ErrorKind::Malformed => {
                "name the client port of etcd itself, without a proxy that changes answers"
            }
            ErrorKind::Refused => "see etcd's log for the reason",
            ErrorKind::Contended => "try again",
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::of(vec![failure])
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(endpoint) = self.endpoint() {
            write!(f, "{endpoint}: ")?;
        }
        f.write_str(&self.cause())
    }
}

impl error::Error for Error {}

/// Returns a text from outside on one line, without effects on a terminal, and shortened.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 160;
    let mut short: String = text
        .trim()
        .chars()
        .take(LONGEST)
        .flat_map(|it| {
            match it {
                // `escape_debug` would escape quotes as well.
                '\'' | '"' => it.to_string(),
                '\n' | '\r' | '\t' => " ".to_owned(),
                _ => it.escape_debug().to_string(),
            }
            .chars()
            .collect::<Vec<_>>()
        })
        .collect();
    if text.trim().chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: ErrorKind, endpoint: &str) -> Failure {
        Failure::new(kind, "why").at(endpoint)
    }

    #[test]
    fn the_kind_is_that_of_the_failure_that_explains_most() {
        let kinds = [
            ErrorKind::TimedOut,
            ErrorKind::Tls,
            ErrorKind::Unreachable,
            ErrorKind::Malformed,
        ];
        let error = Error::of(kinds.map(|it| failure(it, "http://a:1")).to_vec());
        assert_eq!(error.kind(), ErrorKind::Tls);
        let error = Error::of(vec![
            failure(ErrorKind::TimedOut, "http://a:1"),
            failure(ErrorKind::Unreachable, "http://b:2"),
        ]);
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert_eq!(error.to_string(), "http://b:2: why; http://a:1: why");
    }

    #[test]
    fn a_text_from_outside_is_short_and_has_no_effects() {
        let page = format!("<html>\n\u{1b}[2J\u{202e}'{}", "x".repeat(10_000));
        let text = excerpt(&page);
        assert!(text.starts_with("<html> \\u{1b}[2J\\u{202e}'x"), "{text}");
        assert!(text.ends_with('…') && text.len() < 300, "{text}");
    }
}
