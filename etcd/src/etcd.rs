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
    answer::Entry,
    cluster::{Cluster, deadline},
    error::{Error, ErrorKind, Failure},
    facts::{Enrolled, Enrollment, Facts, Outcome, Owner, Question, Session},
    keys::{self, Keys},
    leases::Leases,
    request::{Compare, Operation, look, transaction},
};

/// How often an operation begins anew because others change the same keys.
const ATTEMPTS: u32 = 16;

/// A cluster of etcd as a coordinator.
///
/// It may be used by several threads at once. Nothing is asked before the first operation.
#[derive(Debug)]
pub struct Etcd {
    cluster: Arc<Cluster>,
    keys: Keys,
    leases: Leases,
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

    /// Creates a session with a lease.
    pub(crate) fn enroll(
        &self,
        enrollment: &Enrollment,
        within: Duration,
    ) -> Result<Enrolled, Error> {
        let deadline = deadline(within);
        let Enrollment { nonce, about, .. } = enrollment;
        let lease = keys::lease(nonce);
        let keys = [self.keys.incarnation(), self.keys.session(nonce)];
        let [incarnation, session] = keys.each_ref().map(String::as_str);
        let reads = [incarnation, session];
        let make = || Operation::Put {
            key: session,
            value: about,
            lease,
        };
        let known = transaction(
            &[Compare::Present(incarnation), Compare::Absent(session)],
            &[Operation::Read(incarnation), make()],
            &reads,
        );
        let name = Operation::Put {
            key: incarnation,
            value: &enrollment.incarnation,
            lease: 0,
        };
        let first = transaction(
            &[Compare::Absent(incarnation), Compare::Absent(session)],
            &[name, make()],
            &reads,
        );
        let mut request = &known;
        self.grant(lease, enrollment.lease, deadline)?;
        let mut again = false;
        for _ in 0..ATTEMPTS {
            let sent = self
                .cluster
                .send("/v3/kv/txn", request, deadline, |reply| match reply {
                    Ok(answer) if answer.succeeded()? && *request == known => {
                        let found = answer.entry(0, incarnation)?.map(|it| it.number());
                        Ok(Enrolling::Made(found.transpose()?, answer.revision()?))
                    }
                    Ok(answer) if answer.succeeded()? => {
                        let own = enrollment.incarnation.clone();
                        Ok(Enrolling::Made(Some(own), answer.revision()?))
                    }
                    Ok(answer) => {
                        let mut found = answer.entries(&reads)?;
                        let is_ours = |it: Entry| it.lease == lease && it.value == about.as_bytes();
                        let ours = found.pop().flatten().map(is_ours);
                        let incarnation =
                            found.pop().flatten().map(|it| it.number()).transpose()?;
                        Ok(Enrolling::Found(incarnation, ours, answer.revision()?))
                    }
                    Err(_) => Ok(Enrolling::LeaseEnded),
                })?;
            again |= sent.again;
            match sent.read {
                Enrolling::Made(Some(incarnation), revision) => {
                    return Ok(self.enrolled(enrollment, incarnation, revision));
                }
                // An endpoint that did not answer has made it all the same.
                Enrolling::Found(Some(incarnation), Some(true), revision) if again => {
                    return Ok(self.enrolled(enrollment, incarnation, revision));
                }
                Enrolling::Found(_, Some(_), _) => {
                    return Err(Error::new(ErrorKind::Refused, "the session exists already"));
                }
                Enrolling::Found(None, None, _) => request = &first,
                Enrolling::Found(Some(_), None, _) | Enrolling::Made(None, _) => request = &known,
                Enrolling::LeaseEnded => self.grant(lease, enrollment.lease, deadline)?,
            }
        }
        Err(contended())
    }

    fn enrolled(&self, enrollment: &Enrollment, incarnation: String, revision: u64) -> Enrolled {
        self.leases.insert(&enrollment.nonce, enrollment.lease);
        Enrolled {
            incarnation,
            revision,
        }
    }

    /// Makes the lease of a session, unless it is there already.
    fn grant(&self, lease: i64, length: Duration, deadline: Instant) -> Result<(), Error> {
        let seconds = i64::try_from(length.as_millis().div_ceil(1000)).unwrap_or(i64::MAX);
        let seconds = seconds.clamp(1, 9_000_000_000);
        let body = json!({"TTL": seconds.to_string(), "ID": lease.to_string()}).to_string();
        self.cluster.send("/v3/lease/grant", &body, deadline, |reply| match reply {
            Ok(answer) => match (answer.number("TTL")?, answer.number("ID")?) {
                (length, id) if length >= seconds && id == lease => Ok(()),
                (length, id) => Err(Failure::new(
                    ErrorKind::Malformed,
                    format!("a lease of {length} s with the id {id} in place of {seconds} s and {lease}"),
                )),
            },
            Err(refusal) if refusal.is_existing_lease() => Ok(()),
            Err(refusal) => Err(refusal.into()),
        })
        .map(drop)
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
        let outcome = self.transact(&request, &question, deadline)?;
        if outcome.is_ok() {
            let names = (asker.nonce.clone(), judged.nonce.clone());
            self.marks().insert(names, value);
        }
        Ok(outcome)
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
            let facts = match self.transact(&request, &question, deadline)? {
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
            if self.transact(&request, &question, deadline)?.is_ok() {
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
    ) -> Result<Outcome, Error> {
        let sent = self
            .cluster
            .send("/v3/kv/txn", request, deadline, |reply| match reply {
                Ok(answer) if answer.succeeded()? => Ok(Ok(Ok(answer.revision()?))),
                Ok(answer) => Ok(Ok(Err(question.facts(&answer)?))),
                Err(refusal) => Ok(Err(refusal)),
            })?;
        match sent.read {
            Ok(outcome) => Ok(outcome),
            // A lease that is gone has taken its session along.
            Err(refusal) => match self.look(question, deadline)? {
                facts if !facts.own => Ok(Err(facts)),
                _ => Err(Failure::from(refusal).into()),
            },
        }
    }

    fn marks(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), String>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a transaction for a new session has come to.
enum Enrolling {
    /// The session was made, in this incarnation.
    Made(Option<String>, u64),
    /// The incarnation, and whether the session that is there is this one.
    Found(Option<String>, Option<bool>, u64),
    /// The lease ended before the session was made.
    LeaseEnded,
}

fn contended() -> Error {
    Error::new(
        ErrorKind::Contended,
        "other processes changed the keys too often",
    )
}
