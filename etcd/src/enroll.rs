//! The enrollment of a session.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    answer::Entry,
    cluster::deadline,
    error::{Error, ErrorKind, Failure},
    etcd::{ATTEMPTS, Etcd, contended},
    facts::{Enrolled, Enrollment},
    keys,
    request::{Compare, Operation, transaction},
};

/// What a transaction for a new session has come to.
enum Enrolling {
    /// The session was made, in this incarnation.
    Made(Option<String>, u64),
    /// The incarnation, and whether the session that is there is this one.
    Found(Option<String>, Option<bool>, u64),
    /// The lease ended before the session was made.
    LeaseEnded,
}

impl Etcd {
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
}
