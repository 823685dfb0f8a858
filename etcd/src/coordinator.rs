//! The trait of the crate `lockhost`, for programs that use it as a library.

use std::time::Duration;

use lockhost::coordinator::{
    Coordinator, CoordinatorError, CoordinatorErrorKind, DirectoryKey, Enrolled, Enrollment, Facts,
    FencingToken, Incarnation, KeyOwner, Marked, Nonce, Revision, Session, Taken,
};

use crate::{
    error::{Class, Error},
    etcd::Etcd,
    facts::{self, Outcome},
};

type Result<T> = std::result::Result<T, CoordinatorError>;

/// With the endpoint of the failure that explains most; the cause names the others.
impl From<Error> for CoordinatorError {
    fn from(error: Error) -> Self {
        let kind = match error.kind().class() {
            Class::Unreachable => CoordinatorErrorKind::Unreachable,
            Class::Denied => CoordinatorErrorKind::Denied,
            Class::Misconfigured => CoordinatorErrorKind::Misconfigured,
            Class::Failed => CoordinatorErrorKind::Failed,
            Class::Nonsense => CoordinatorErrorKind::Nonsense,
        };
        let described = Self::new(kind, error.cause()).with_hint(error.hint());
        match error.endpoint() {
            Some(endpoint) => described.at(endpoint),
            None => described,
        }
    }
}

impl Coordinator for Etcd {
    fn name(&self) -> String {
        Etcd::name(self)
    }

    fn enroll(&self, enrollment: &Enrollment, within: Duration) -> Result<Enrolled> {
        let new = facts::Enrollment {
            nonce: enrollment.nonce.to_string(),
            incarnation: enrollment.incarnation.to_string(),
            about: enrollment.about.clone(),
            lease: enrollment.lease,
        };
        let made = Etcd::enroll(self, &new, within)?;
        Ok(Enrolled {
            incarnation: incarnation(&made.incarnation)?,
            revision: Revision(made.revision),
        })
    }

    fn confirm(
        &self,
        session: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Facts> {
        facts(&Etcd::confirm(
            self,
            &text(session),
            directory.as_str(),
            within,
        )?)
    }

    fn observe(
        &self,
        asker: Session,
        judged: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Facts> {
        let judged = text(judged);
        let judged = Some(&judged);
        facts(&Etcd::observe(
            self,
            &text(asker),
            judged,
            directory.as_str(),
            within,
        )?)
    }

    fn mark(
        &self,
        asker: Session,
        judged: Session,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Marked> {
        let (asker, judged) = (text(asker), text(judged));
        let outcome = Etcd::mark(self, &asker, &judged, directory.as_str(), within)?;
        Ok(match ended(outcome)? {
            Ok(revision) => Marked::Marked(Revision(revision)),
            Err(facts) => Marked::Refused(facts),
        })
    }

    fn take(
        &self,
        session: Session,
        judged: Option<Session>,
        deadline: Duration,
        directory: &DirectoryKey,
        within: Duration,
    ) -> Result<Taken> {
        let judged = judged.map(text);
        let deadline = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        let (session, name) = (text(session), directory.as_str());
        let outcome = Etcd::take(self, &session, judged.as_ref(), name, deadline, within)?;
        Ok(match ended(outcome)? {
            Ok(revision) => Taken::Taken(FencingToken(revision)),
            Err(facts) => Taken::Refused(facts),
        })
    }

    fn release(&self, session: Session, directory: &DirectoryKey, within: Duration) -> Result<()> {
        Ok(Etcd::release(
            self,
            &text(session),
            directory.as_str(),
            within,
        )?)
    }

    fn withdraw(&self, session: Session, within: Duration) -> Result<()> {
        Ok(Etcd::withdraw(self, &text(session), within)?)
    }
}

fn text(session: Session) -> facts::Session {
    facts::Session {
        incarnation: session.incarnation.to_string(),
        nonce: session.nonce.to_string(),
    }
}

/// Reads a number. Its form was checked when the answer was read.
fn incarnation(text: &str) -> Result<Incarnation> {
    text.parse().map_err(|_| unreadable(text))
}

fn facts(found: &facts::Facts) -> Result<Facts> {
    let owner = |it: &facts::Owner| -> Result<KeyOwner> {
        let nonce: Nonce = it.nonce.parse().map_err(|_| unreadable(&it.nonce))?;
        let deadline = Duration::from_millis(it.deadline);
        Ok(KeyOwner { nonce, deadline })
    };
    Ok(Facts {
        incarnation: found.incarnation.as_deref().map(incarnation).transpose()?,
        revision: Revision(found.revision),
        own: found.own,
        judged: found.judged,
        key: found.key.as_ref().map(owner).transpose()?,
    })
}

fn unreadable(number: &str) -> CoordinatorError {
    CoordinatorError::new(
        CoordinatorErrorKind::Nonsense,
        format!("'{number}' is no number"),
    )
}

fn ended(outcome: Outcome) -> Result<std::result::Result<u64, Facts>> {
    match outcome {
        Ok(revision) => Ok(Ok(revision)),
        Err(found) => Ok(Err(facts(&found)?)),
    }
}
