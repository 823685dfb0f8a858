//! A request to a cluster: fail-over from endpoint to endpoint, and the token of the user.

use std::{
    env, fmt,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    address::Address,
    error::{Error, ErrorKind, Failure},
    tls,
    transport::{Reply, Transport},
};

/// The variable with the password.
const PASSWORD: &str = "LOCKHOST_ETCD_PASSWORD";

/// The endpoints of a cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    transport: Transport,
    endpoints: Vec<String>,
    /// The endpoint that answered last.
    preferred: AtomicUsize,
    /// The id of the cluster that answered; zero before.
    id: AtomicU64,
    user: Option<User>,
}

struct User {
    name: String,
    password: Password,
    token: Mutex<Token>,
}

/// A password. That of a file is read each time, since it may be replaced.
enum Password {
    In(PathBuf),
    Is(String),
}

impl Password {
    fn read(&self) -> Result<String, Error> {
        let password = match self {
            Self::Is(password) => password.clone(),
            Self::In(path) => {
                let text = String::from_utf8(tls::read(path)?)
                    .map_err(|_| tls::wrong(path, "the password is no text"))?;
                text.lines().next().unwrap_or_default().to_owned()
            }
        };
        if password.is_empty() {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the password is empty",
            ));
        }
        Ok(password)
    }
}

#[derive(Clone, PartialEq, Eq)]
enum Token {
    /// None was asked for yet, or it is no longer valid.
    Missing,
    /// This cluster has no users, as clients of etcd accept it.
    NotNeeded,
    Is(String),
}

impl fmt::Debug for User {
    /// Without the password and the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.name).finish()
    }
}

/// What was read from an answer, and whether the request may have been executed before that.
pub(crate) struct Sent<T> {
    pub(crate) read: T,
    pub(crate) again: bool,
}

/// A request, and what its endpoints have shown.
struct Asking<'a, R> {
    path: &'a str,
    body: &'a str,
    read: R,
    again: bool,
    /// Another cluster that has answered.
    other: Option<u64>,
}

impl Cluster {
    /// Reads the files that the address names. No endpoint is asked.
    pub(crate) fn new(address: &Address) -> Result<Self, Error> {
        Ok(Self {
            transport: Transport::new(address)?,
            endpoints: address.endpoints.clone(),
            preferred: AtomicUsize::new(0),
            id: AtomicU64::new(0),
            user: User::of(address)?,
        })
    }

    /// Sends a request to one endpoint after the other, until one has given an answer that can be read.
    ///
    /// The time is divided: each endpoint gets its share of what is left, and the last one all of it. The request may be
    /// executed more than once. `read` gets an answer, or a refusal that concerns a lease.
    pub(crate) fn send<T>(
        &self,
        path: &str,
        body: &str,
        deadline: Instant,
        read: impl Fn(Reply) -> Result<T, Failure>,
    ) -> Result<Sent<T>, Error> {
        let mut asking = Asking {
            path,
            body,
            read,
            again: false,
            other: None,
        };
        let mut failures = Vec::new();
        let many = self.endpoints.len();
        let first = self.preferred.load(Ordering::Relaxed);
        for nth in 0..many {
            let at = (first + nth) % many;
            let left = deadline.saturating_duration_since(Instant::now());
            let share = Instant::now() + left / u32::try_from(many - nth).unwrap_or(u32::MAX);
            match self.ask(&self.endpoints[at], &mut asking, share) {
                Ok(read) => {
                    self.preferred.store(at, Ordering::Relaxed);
                    let again = asking.again;
                    return Ok(Sent { read, again });
                }
                Err(failure) => {
                    let ends = !failure.kind.is_of_the_endpoint();
                    failures.push(failure.at(&self.endpoints[at]));
                    asking.again = true;
                    if ends {
                        break;
                    }
                }
            }
        }
        // All that answers is of another cluster, so this one has been replaced. The next request asks that one.
        if let Some(other) = asking.other {
            self.id.store(other, Ordering::Relaxed);
        }
        Err(Error::of(failures))
    }

    fn ask<T, R: Fn(Reply) -> Result<T, Failure>>(
        &self,
        endpoint: &str,
        asking: &mut Asking<'_, R>,
        deadline: Instant,
    ) -> Result<T, Failure> {
        let mut post = |token: &Token| {
            let (path, body, again) = (asking.path, asking.body, &mut asking.again);
            let token = token.text();
            self.transport
                .post(endpoint, path, body, token, deadline, again)
        };
        let mut reply;
        match &self.user {
            None => reply = post(&Token::NotNeeded)?,
            Some(user) => {
                let token = self.token(user, endpoint, None, deadline)?;
                reply = post(&token)?;
                if matches!(&reply, Err(refusal) if refusal.wants_token()) {
                    let token = self.token(user, endpoint, Some(&token), deadline)?;
                    reply = post(&token)?;
                }
            }
        }
        match reply {
            Ok(answer) => {
                self.check(answer.cluster()?, &mut asking.other)?;
                (asking.read)(Ok(answer))
            }
            Err(refusal) if refusal.is_missing_lease() || refusal.is_existing_lease() => {
                (asking.read)(Err(refusal))
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Checks that all endpoints are of one cluster.
    fn check(&self, id: u64, other: &mut Option<u64>) -> Result<(), Failure> {
        let known = self
            .id
            .compare_exchange(0, id, Ordering::Relaxed, Ordering::Relaxed);
        if known.is_err_and(|known| known != id) {
            *other = Some(id);
            return Err(Failure::new(
                ErrorKind::AnotherCluster,
                format!("the endpoint belongs to another cluster, {id:x}"),
            ));
        }
        Ok(())
    }

    /// Returns the user's token, and asks for one if there is none, or only the one that was refused.
    fn token(
        &self,
        user: &User,
        endpoint: &str,
        refused: Option<&Token>,
        deadline: Instant,
    ) -> Result<Token, Failure> {
        let token = || user.token.lock().unwrap_or_else(PoisonError::into_inner);
        let known = token().clone();
        if known != Token::Missing && Some(&known) != refused {
            return Ok(known);
        }
        // Not under the mutex, so that a request that hangs holds up no other one.
        let password = user
            .password
            .read()
            .map_err(|error| Failure::new(ErrorKind::Authentication, error.cause()))?;
        let body = json!({"name": user.name, "password": password}).to_string();
        let path = "/v3/auth/authenticate";
        let reply = self
            .transport
            .post(endpoint, path, &body, None, deadline, &mut false)?;
        let new = match reply {
            Ok(answer) => Token::of(answer.text("token")?)?,
            Err(refusal) if refusal.has_no_users() => Token::NotNeeded,
            Err(refusal) => return Err(refusal.into()),
        };
        token().clone_from(&new);
        Ok(new)
    }

    /// Returns the endpoints.
    pub(crate) fn endpoints(&self) -> &[String] {
        &self.endpoints
    }
}

impl Token {
    fn of(text: &str) -> Result<Self, Failure> {
        // Both forms of etcd's tokens are of such characters.
        match text.is_empty() || !text.bytes().all(|it| it.is_ascii_graphic()) {
            true => Err(Failure::new(
                ErrorKind::Malformed,
                "the answer is not one of etcd: a token that is none",
            )),
            false => Ok(Self::Is(text.to_owned())),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Is(text) => Some(text),
            Self::Missing | Self::NotNeeded => None,
        }
    }
}

impl User {
    fn of(address: &Address) -> Result<Option<Self>, Error> {
        let Some(name) = &address.user else {
            return Ok(None);
        };
        let password = match &address.password_file {
            Some(path) => Password::In(path.clone()),
            None => Password::Is(env::var(PASSWORD).map_err(|_| {
                Error::new(
                    ErrorKind::Configuration,
                    format!("user= needs a password: password-file= or {PASSWORD}"),
                )
            })?),
        };
        password.read()?;
        Ok(Some(Self {
            name: name.clone(),
            password,
            token: Mutex::new(Token::Missing),
        }))
    }
}

/// Returns the point in time at which an operation has to be over.
pub(crate) fn deadline(within: Duration) -> Instant {
    // A longer one is of no use, and cannot overflow.
    Instant::now() + within.min(Duration::from_secs(3600))
}
