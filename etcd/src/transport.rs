//! One request to one endpoint, bounded in time and size.

use std::{
    error, io,
    time::{Duration, Instant},
};

use ureq::{Agent, unversioned::transport::DefaultConnector};

use crate::{
    address::Address,
    answer::{self, Answer, Refusal},
    error::{Error, ErrorKind, Failure, excerpt},
    lookup::Lookup,
    tls,
};

/// How long a connection is kept without use. Confirms come each second.
const IDLE: Duration = Duration::from_secs(60);

/// The answer to a request, by etcd.
pub(crate) type Reply = Result<Answer, Refusal>;

/// Sends requests, each of which an endpoint may receive twice.
#[derive(Debug)]
pub(crate) struct Transport {
    agent: Agent,
    lookup: Lookup,
}

impl Transport {
    pub(crate) fn new(address: &Address) -> Result<Self, Error> {
        let settings = Agent::config_builder()
            // A proxy of the environment is for the web. One that is in the way of etcd is another point of failure.
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_response_header_size(16 << 10)
            .max_idle_age(IDLE)
            .user_agent(concat!("lockhost-etcd/", env!("CARGO_PKG_VERSION")));
        let settings = match &address.tls {
            Some(files) => settings.tls_config(tls::settings(files)?).https_only(true),
            None => settings,
        };
        let lookup = Lookup::default();
        let connector = DefaultConnector::default();
        let agent = Agent::with_parts(settings.build(), connector, lookup.clone());
        Ok(Self { agent, lookup })
    }

    /// Sends a request, and once more if the connection had been closed before its answer. Sets `again` then.
    pub(crate) fn post(
        &self,
        endpoint: &str,
        path: &str,
        body: &str,
        token: Option<&str>,
        deadline: Instant,
        again: &mut bool,
    ) -> Result<Reply, Failure> {
        let url = format!("{endpoint}{path}");
        let mut answer = self.post_once(&url, body, token, deadline);
        if matches!(&answer, Err(ureq::Error::Io(error)) if was_closed(error)) {
            *again = true;
            answer = self.post_once(&url, body, token, deadline);
        }
        let (status, body) = answer.map_err(|error| {
            let failure = failure(&error);
            if let (ErrorKind::Unreachable | ErrorKind::TimedOut, Some((_, host))) =
                (failure.kind, endpoint.split_once("://"))
            {
                self.lookup.doubt(host);
            }
            failure
        })?;
        if status == 400 && body.starts_with(b"Client sent an HTTP request to an HTTPS server") {
            return Err(Failure::new(
                ErrorKind::Tls,
                "the endpoint expects TLS: tls=yes and cacert=",
            ));
        }
        answer::read(status, &body)
    }

    fn post_once(
        &self,
        url: &str,
        body: &str,
        token: Option<&str>,
        deadline: Instant,
    ) -> Result<(u16, Vec<u8>), ureq::Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut request = self
            .agent
            .post(url)
            .config()
            // Zero would be no limit.
            .timeout_global(Some(left.max(Duration::from_millis(1))))
            .build()
            .content_type("application/json");
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let mut response = request.send(body)?;
        let status = response.status().as_u16();
        let limited = response.body_mut().with_config().limit(answer::LARGEST);
        Ok((status, limited.read_to_vec()?))
    }
}

/// Returns whether a connection ended, as that of a server that was started anew.
fn was_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

fn failure(error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::new(ErrorKind::TimedOut, "no answer in time"),
        ureq::Error::Io(error) => io_failure(error),
        ureq::Error::HostNotFound => Failure::new(ErrorKind::Unreachable, "the host is unknown"),
        ureq::Error::Rustls(error) => tls_failure(error),
        ureq::Error::Tls(error) => tls_failure(error),
        ureq::Error::Pem(error) => tls_failure(error),
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => Failure::new(
            ErrorKind::Malformed,
            "the answer is not one of etcd: it is too large",
        ),
        error => Failure::new(
            ErrorKind::Malformed,
            format!(
                "the answer is not one of etcd: {}",
                excerpt(&error.to_string())
            ),
        ),
    }
}

fn tls_failure(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        ErrorKind::Tls,
        format!("TLS failed: {}", excerpt(&error.to_string())),
    )
}

fn io_failure(error: &io::Error) -> Failure {
    let inner = error
        .get_ref()
        .map(|it| it as &(dyn error::Error + 'static));
    if let Some(error) = inner.and_then(|it| it.downcast_ref::<rustls::Error>()) {
        return tls_failure(error);
    }
    let kind = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ErrorKind::TimedOut,
        _ if was_closed(error) => ErrorKind::Closed,
        _ => ErrorKind::Unreachable,
    };
    let cause = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no answer in time".to_owned(),
        _ if was_closed(error) => "the connection was closed without an answer".to_owned(),
        _ => excerpt(&error.to_string()),
    };
    Failure::new(kind, cause)
}
