//! The leases of sessions, which are extended beside the answers to confirms: a lease that cannot be extended in time must not
//! delay what extends the owner's deadline.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{cluster::Cluster, error::Error, keys};

/// How many extensions can be due at once. A process has a session or two for each directory.
const MOST: usize = 256;

/// What is known of a session's lease.
#[derive(Debug, Default)]
struct Lease {
    length: Duration,
    /// When it was extended last, or is just being extended.
    at: Option<Instant>,
}

/// The leases of the sessions that this process has enrolled or confirmed.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    known: Arc<Mutex<HashMap<String, Lease>>>,
    /// The thread that extends them, which ends with this value.
    thread: Mutex<Option<SyncSender<Extension>>>,
}

struct Extension {
    nonce: String,
    deadline: Instant,
}

impl Leases {
    /// Notes the lease of a new session.
    pub(crate) fn insert(&self, nonce: &str, length: Duration) {
        let lease = Lease {
            length,
            at: Some(Instant::now()),
        };
        self.known().insert(nonce.to_owned(), lease);
    }

    /// Forgets the lease of a session.
    pub(crate) fn remove(&self, nonce: &str) {
        self.known().remove(nonce);
    }

    /// Extends a lease, unless a sixth of it is not over yet. Does not wait for the answer.
    pub(crate) fn extend(&self, cluster: &Arc<Cluster>, nonce: &str, deadline: Instant) {
        let mut known = self.known();
        let lease = known.entry(nonce.to_owned()).or_default();
        if lease.at.is_some_and(|at| at.elapsed() < lease.length / 6) {
            return;
        }
        let before = lease.at.replace(Instant::now());
        drop(known);
        let extension = Extension {
            nonce: nonce.to_owned(),
            deadline,
        };
        if !self.hand_over(cluster, extension)
            && let Some(lease) = self.known().get_mut(nonce)
        {
            lease.at = before;
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Lease>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an extension to the thread. The next confirm tries once more if it cannot be had.
    fn hand_over(&self, cluster: &Arc<Cluster>, extension: Extension) -> bool {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (sender, extensions) = mpsc::sync_channel::<Extension>(MOST);
            let (cluster, known) = (Arc::clone(cluster), Arc::clone(&self.known));
            let runs = thread::Builder::new().name("leases".to_owned());
            let started = runs.spawn(move || {
                for Extension { nonce, deadline } in extensions {
                    let failed = extend(&cluster, &nonce, deadline).is_err();
                    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(lease) = known.get_mut(&nonce).filter(|_| failed) {
                        lease.at = None;
                    }
                }
            });
            if started.is_err() {
                return false;
            }
            *thread = Some(sender);
        }
        thread
            .as_ref()
            .is_some_and(|it| it.try_send(extension).is_ok())
    }
}

/// Extends a lease. One that is gone is no error: its session is gone as well, which the facts show.
fn extend(cluster: &Cluster, nonce: &str, deadline: Instant) -> Result<(), Error> {
    let body = json!({"ID": keys::lease(nonce).to_string()}).to_string();
    cluster
        .send("/v3/lease/keepalive", &body, deadline, |_| Ok(()))
        .map(drop)
}
