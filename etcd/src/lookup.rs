//! The addresses of hosts. ureq asks for them before each request, also for one on a connection that is open. So a name server that
//! is down must not stop requests: what it answered before is used as long as it has no new answer.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// How long an answer is used without a question.
const FRESH: Duration = Duration::from_secs(60);

/// Looks hosts up, and remembers their addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lookup(Arc<Mutex<HashMap<String, Arc<Host>>>>);

#[derive(Debug, Default)]
struct Host {
    state: Mutex<State>,
    answered: Condvar,
    /// Whether the next request asks again.
    stale: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    addresses: Vec<SocketAddr>,
    /// The time of the last answer.
    at: Option<Instant>,
    failure: Option<String>,
    /// Whether a thread is asking.
    asking: bool,
    /// How many questions have ended.
    ended: u64,
}

impl Lookup {
    /// Asks again before the next request to a host: it could not be reached at its old address.
    pub(crate) fn doubt(&self, host_and_port: &str) {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(host_and_port) {
            host.stale.store(true, Ordering::Relaxed);
        }
    }

    fn addresses(&self, name: &str, port: u16, within: Duration) -> io::Result<Vec<SocketAddr>> {
        let literal = name.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let key = format!("{name}:{port}");
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let host = Arc::clone(hosts.entry(key.clone()).or_default());
        drop(hosts);
        host.addresses(key, within)
    }
}

impl Host {
    fn addresses(self: &Arc<Self>, key: String, within: Duration) -> io::Result<Vec<SocketAddr>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = state.at.is_some_and(|at| at.elapsed() < FRESH);
        if is_fresh && !self.stale.load(Ordering::Relaxed) {
            return Ok(state.addresses.clone());
        }
        if !state.asking {
            let host = Arc::clone(self);
            // One thread for each host at a time: getaddrinfo(3) cannot be interrupted.
            let asks = thread::Builder::new().name("lookup".to_owned());
            match asks.spawn(move || host.ask(&key)) {
                Ok(_) => state.asking = true,
                Err(error) if state.addresses.is_empty() => return Err(error),
                Err(_) => return Ok(state.addresses.clone()),
            }
        }
        // What is known is good enough to be used after a part of the time.
        let within = match state.addresses.is_empty() {
            true => within,
            false => within / 4,
        };
        let ended = state.ended;
        let waited = self
            .answered
            .wait_timeout_while(state, within, |state| state.ended == ended);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if !state.addresses.is_empty() {
            return Ok(state.addresses.clone());
        }
        Err(match &state.failure {
            Some(failure) => io::Error::other(failure.clone()),
            None => io::Error::new(io::ErrorKind::TimedOut, "the name server does not answer"),
        })
    }

    fn ask(&self, key: &str) {
        let answer = key.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(addresses) if !addresses.is_empty() => {
                state.addresses = addresses;
                state.at = Some(Instant::now());
                state.failure = None;
                self.stale.store(false, Ordering::Relaxed);
            }
            Ok(_) => state.failure = Some("the host has no address".to_owned()),
            Err(error) => state.failure = Some(error.to_string()),
        }
        state.asking = false;
        state.ended += 1;
        self.answered.notify_all();
    }
}

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let (Some(name), Some(port)) = (uri.host(), uri.port_u16()) else {
            return Err(Error::HostNotFound);
        };
        let found = self.addresses(name, port, *timeout.after)?;
        let mut addresses = self.empty();
        for address in found {
            if addresses.try_push(address).is_err() {
                break;
            }
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_address_needs_no_lookup() {
        let lookup = Lookup::default();
        let found = lookup.addresses("[::1]", 1, Duration::ZERO).unwrap();
        assert_eq!(found, ["[::1]:1".parse().unwrap()]);
        assert!(lookup.0.lock().unwrap().is_empty());
    }

    #[test]
    fn an_old_answer_is_used_where_no_new_one_comes() {
        let lookup = Lookup::default();
        let found = lookup.addresses("localhost", 7, LONG).unwrap();
        assert!(
            found
                .iter()
                .all(|it| it.ip().is_loopback() && it.port() == 7)
        );
        let host = Arc::clone(&lookup.0.lock().unwrap()["localhost:7"]);
        lookup.doubt("localhost:7");
        // A question that never ends.
        host.state.lock().unwrap().asking = true;
        let again = lookup.addresses("localhost", 7, Duration::from_millis(4));
        assert_eq!(again.unwrap(), found);
    }

    #[test]
    fn a_host_that_does_not_exist_is_an_error() {
        let lookup = Lookup::default();
        // RFC 6761: no name server knows it.
        let error = lookup.addresses("nowhere.invalid", 1, LONG).unwrap_err();
        assert!(!error.to_string().is_empty());
    }
}
