//! The operations on sessions, marks and directories: each is one linearizable transaction, or a read.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    address::Address,
    cluster::{Cluster, Sent, deadline},
    error::{Error, ErrorKind, Failure},
    facts::{Facts, Outcome, Owner, Question, Session},
    keys::{self, Keys},
    leases::Leases,
    request::{Compare, Operation, look, transaction},
};

/// How often an operation begins anew because others change the same keys.
pub(crate) const ATTEMPTS: u32 = 16;

/// A cluster of etcd as a coordinator.
///
/// It may be used by several threads at once. Nothing is asked before the first operation.
#[derive(Debug)]
pub struct Etcd {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) keys: Keys,
    pub(crate) leases: Leases,
    /// The value of each mark that was answered, by the asker and the judged session.
    marks: Mutex<HashMap<(String, String), String>>,
}

impl Etcd {
    /// Reads the files that the address names. No endpoint is asked.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, a certificate cannot be used, or the password is missing.
    ///
    /// ```
    /// let etcd = lockhost_etcd::Etcd::new(&"etcd://one,two/prod".parse()?)?;
    /// assert_eq!(etcd.name(), "etcd at http://one:2379, http://two:2379");
    /// # Ok::<_, lockhost_etcd::Error>(())
    /// ```
    pub fn new(address: &Address) -> Result<Self, Error> {
        Ok(Self {
            cluster: Arc::new(Cluster::new(address)?),
            keys: Keys::new(&address.prefix),
            leases: Leases::default(),
            marks: Mutex::default(),
        })
    }

    /// Returns a name for messages: the endpoints.
    #[must_use]
    pub fn name(&self) -> String {
        format!("etcd at {}", self.cluster.endpoints().join(", "))
    }

    /// Reads the facts about the owner's session, and extends its lease beside that.
    pub(crate) fn confirm(
        &self,
        session: &Session,
        directory: &str,
        within: Duration,
    ) -> Result<Facts, Error> {
        self.observe(session, None, directory, within)
    }

    /// Reads the facts about the asker's session and the judged one, and extends the lease of the asker's beside that.
    pub(crate) fn observe(
        &self,
        asker: &Session,
        judged: Option<&Session>,
        directory: &str,
        within: Duration,
    ) -> Result<Facts, Error> {
        let deadline = deadline(within);
        self.leases.extend(&self.cluster, &asker.nonce, deadline);
        let question = self.question(asker, judged, directory);
        self.look(&question, deadline)
    }

    /// Marks the asker's session with the judged one, which is gone.
    ///
    /// The mark has a random value. A mark that was sent, given up and is executed later has another one, and counts for
    /// nothing: what the asker has waited since does not begin with it.
    pub(crate) fn mark(
        &self,
        asker: &Session,
        judged: &Session,
        directory: &str,
        within: Duration,
    ) -> Result<Outcome, Error> {
        let deadline = deadline(within);
        let question = self.question(asker, Some(judged), directory);
        let (incarnation, own, other) = self.names(asker, judged);
        let mark = self.keys.mark(&asker.nonce, &judged.nonce);
        for _ in 0..ATTEMPTS {
            let value = format!("{:016x}", RandomState::new().hash_one(&mark));
            let request = transaction(
                &[
                    Compare::Equals(&incarnation, &asker.incarnation),
                    Compare::Present(&own),
                    Compare::Absent(&other),
                ],
                &[Operation::Put {
                    key: &mark,
                    value: &value,
                    lease: keys::lease(&asker.nonce),
                }],
                &question.keys(),
            );
            let sent = self.transact(&request, &question, deadline)?;
            if sent.read.is_ok() && sent.again {
                // An endpoint that did not answer may execute it late: this value counts for nothing.
                continue;
            }
            if sent.read.is_ok() {
                let names = (asker.nonce.clone(), judged.nonce.clone());
                self.marks().insert(names, value);
            }
            return Ok(sent.read);
        }
        Err(contended())
    }

    /// Puts the directory's key to the session, with its deadline in milliseconds. The revision is the fencing token.
    pub(crate) fn take(
        &self,
        session: &Session,
        judged: Option<&Session>,
        directory: &str,
        deadline_ms: u64,
        within: Duration,
    ) -> Result<Outcome, Error> {
        let deadline = deadline(within);
        let question = self.question(session, judged, directory);
        let key = self.keys.directory(directory);
        let (incarnation, own, other) = self.names(session, judged.unwrap_or(session));
        let mut base = vec![
            Compare::Equals(&incarnation, &session.incarnation),
            Compare::Present(&own),
        ];
        let (mark, value);
        if let Some(judged) = judged {
            let names = (session.nonce.clone(), judged.nonce.clone());
            match self.marks().get(&names).cloned() {
                Some(known) => value = known,
                // Made by no process, or by one before this one.
                None => return Ok(Err(self.look(&question, deadline)?)),
            }
            mark = self.keys.mark(&session.nonce, &judged.nonce);
            base.extend([Compare::Absent(&other), Compare::Equals(&mark, &value)]);
        }
        let new = Owner {
            nonce: session.nonce.clone(),
            deadline: deadline_ms,
        }
        .value();
        let is_free = |it: &Owner| {
            it.nonce == session.nonce || judged.is_some_and(|judged| it.nonce == judged.nonce)
        };
        // The three cases of the key: absent, the session's own, or the judged one's.
        let mut found = None;
        for _ in 0..ATTEMPTS {
            let value = found.as_ref().map(Owner::value);
            let mut compares = base.clone();
            compares.push(match &value {
                Some(value) => Compare::Equals(&key, value),
                None => Compare::Absent(&key),
            });
            let put = Operation::Put {
                key: &key,
                value: &new,
                lease: 0,
            };
            let request = transaction(&compares, &[put], &question.keys());
            let facts = match self.transact(&request, &question, deadline)?.read {
                Ok(revision) => return Ok(Ok(revision)),
                Err(facts) => facts,
            };
            // If it was the key that has failed the transaction, its case is next.
            if facts.key == found || !facts.key.as_ref().is_none_or(is_free) {
                return Ok(Err(facts));
            }
            found = facts.key;
        }
        Err(contended())
    }

    /// Deletes the directory's key if it names the session.
    pub(crate) fn release(
        &self,
        session: &Session,
        directory: &str,
        within: Duration,
    ) -> Result<(), Error> {
        let deadline = deadline(within);
        let question = self.question(session, None, directory);
        let key = self.keys.directory(directory);
        for _ in 0..ATTEMPTS {
            let owner = match self.look(&question, deadline)?.key {
                Some(owner) if owner.nonce == session.nonce => owner.value(),
                _ => return Ok(()),
            };
            let compares = [Compare::Equals(&key, &owner)];
            let request = transaction(&compares, &[Operation::Delete(&key)], &question.keys());
            if self.transact(&request, &question, deadline)?.read.is_ok() {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Deletes the session, with its marks: all of them are attached to its lease.
    pub(crate) fn withdraw(&self, session: &Session, within: Duration) -> Result<(), Error> {
        let nonce = &session.nonce;
        self.leases.remove(nonce);
        self.marks().retain(|(asker, _), _| asker != nonce);
        let body = json!({"ID": keys::lease(nonce).to_string()}).to_string();
        let deadline = deadline(within);
        self.cluster
            .send("/v3/lease/revoke", &body, deadline, |reply| match reply {
                Err(refusal) if !refusal.is_missing_lease() => Err(refusal.into()),
                _ => Ok(()),
            })
            .map(drop)
    }

    /// Returns the keys of the incarnation and of two sessions.
    fn names(&self, session: &Session, judged: &Session) -> (String, String, String) {
        (
            self.keys.incarnation(),
            self.keys.session(&session.nonce),
            self.keys.session(&judged.nonce),
        )
    }

    fn question(&self, own: &Session, judged: Option<&Session>, directory: &str) -> Question {
        Question::new(&self.keys, own, judged, directory)
    }

    fn look(&self, question: &Question, deadline: Instant) -> Result<Facts, Error> {
        let request = look(&question.keys());
        let sent = self
            .cluster
            .send("/v3/kv/txn", &request, deadline, |reply| match reply {
                Ok(answer) => question.facts(&answer),
                Err(refusal) => Err(refusal.into()),
            })?;
        Ok(sent.read)
    }

    /// Executes a transaction that reads the question's keys if its comparisons fail.
    fn transact(
        &self,
        request: &str,
        question: &Question,
        deadline: Instant,
    ) -> Result<Sent<Outcome>, Error> {
        let path = "/v3/kv/txn";
        let Sent { read, again } = self.cluster.send(path, request, deadline, |reply| {
            Ok(match reply {
                Ok(answer) if answer.succeeded()? => Ok(Ok(answer.revision()?)),
                Ok(answer) => Ok(Err(question.facts(&answer)?)),
                Err(refusal) => Err(refusal),
            })
        })?;
        let read = match read {
            Ok(outcome) => outcome,
            // A lease that is gone has taken its session along.
            Err(refusal) => match self.look(question, deadline)? {
                facts if !facts.own => Err(facts),
                _ => return Err(Failure::from(refusal).into()),
            },
        };
        Ok(Sent { read, again })
    }

    fn marks(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), String>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn contended() -> Error {
    Error::new(
        ErrorKind::Contended,
        "other processes changed the keys too often",
    )
}
