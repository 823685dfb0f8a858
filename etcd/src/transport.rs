//! One request to one endpoint, bounded in time and size.

use std::{
    error, io,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use ureq::{Agent, unversioned::transport::DefaultConnector};

use crate::{
    address::{Address, Tls},
    answer::{self, Answer, Refusal},
    error::{Error, ErrorKind, Failure, excerpt},
    lookup::Lookup,
    tls,
};

/// How long a connection is kept without use. Confirms come each second.
const IDLE: Duration = Duration::from_secs(60);

/// The answer to a request, by etcd.
pub(crate) type Reply = Result<Answer, Refusal>;

/// The status and the body of an answer.
type Posted = Result<(u16, Vec<u8>), ureq::Error>;

/// Sends requests, each of which an endpoint may receive twice.
#[derive(Debug)]
pub(crate) struct Transport {
    client: RwLock<Client>,
    lookup: Lookup,
    files: Option<Tls>,
}

/// The connections, and the contents of the files that they were made with.
#[derive(Clone, Debug)]
struct Client {
    agent: Agent,
    contents: Vec<Vec<u8>>,
}

impl Client {
    fn new(files: Option<&Tls>, lookup: &Lookup) -> Result<Self, Error> {
        let settings = Agent::config_builder()
            // A proxy of the environment is for the web. One that is in the way of etcd is another point of failure.
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_response_header_size(16 << 10)
            .max_idle_age(IDLE)
            .user_agent(concat!("lockhost-etcd/", env!("CARGO_PKG_VERSION")));
        let (settings, contents) = match files {
            Some(files) => {
                let contents = tls::contents(files)?;
                let tls = tls::settings(files)?;
                (settings.tls_config(tls).https_only(true), contents)
            }
            None => (settings, Vec::new()),
        };
        let connector = DefaultConnector::default();
        let agent = Agent::with_parts(settings.build(), connector, lookup.clone());
        Ok(Self { agent, contents })
    }
}

impl Transport {
    pub(crate) fn new(address: &Address) -> Result<Self, Error> {
        let lookup = Lookup::default();
        let files = address.tls.clone();
        Ok(Self {
            client: RwLock::new(Client::new(files.as_ref(), &lookup)?),
            lookup,
            files,
        })
    }

    /// Reads the files with certificates anew, as a holder that runs for months needs it. Returns whether they have changed.
    fn renew(&self) -> bool {
        let Some(files) = &self.files else {
            return false;
        };
        let mut client = self.client.write().unwrap_or_else(PoisonError::into_inner);
        if !tls::contents(files).is_ok_and(|it| it != client.contents) {
            return false;
        }
        // Of files that are just being replaced, one may not fit another yet.
        match Client::new(Some(files), &self.lookup) {
            Ok(new) => {
                *client = new;
                true
            }
            Err(_) => false,
        }
    }

    /// Sends a request, and once more if the connection had been closed before its answer, or if certificates were renewed.
    /// Sets `again` then.
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
        let fails_by =
            |answer: &Posted, kind| matches!(answer, Err(error) if failure(error).kind == kind);
        if fails_by(&answer, ErrorKind::Closed) {
            *again = true;
            answer = self.post_once(&url, body, token, deadline);
        }
        // A server that refuses a certificate says so, or closes the connection.
        let is_refused = fails_by(&answer, ErrorKind::Tls) || fails_by(&answer, ErrorKind::Closed);
        if is_refused && self.renew() {
            *again = true;
            answer = self.post_once(&url, body, token, deadline);
        }
        let (status, body) = answer.map_err(|error| {
            let failure = failure(&error);
            let is_away = matches!(
                failure.kind,
                ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::Closed
            );
            if let (true, Some((_, host))) = (is_away, endpoint.split_once("://")) {
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

    fn post_once(&self, url: &str, body: &str, token: Option<&str>, deadline: Instant) -> Posted {
        let left = deadline.saturating_duration_since(Instant::now());
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner);
        // Not under the lock: others are sent meanwhile.
        let agent = client.agent.clone();
        drop(client);
        let mut request = agent
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
