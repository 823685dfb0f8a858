//! A coordinator in memory, for tests: its data, and what each operation does to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    DirectoryKey, Enrolled, Enrollment, Facts, FencingToken, Incarnation, KeyOwner, Marked, Nonce,
    Revision, Session, Taken,
};

/// The data of a coordinator at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Data {
    pub(crate) incarnation: Option<Incarnation>,
    pub(crate) revision: u64,
    pub(crate) sessions: BTreeMap<Nonce, String>,
    /// Each judged session with each asker.
    pub(crate) marks: BTreeSet<(Nonce, Nonce)>,
    pub(crate) keys: BTreeMap<String, KeyOwner>,
}

impl Data {
    /// Creates a session. Returns nothing if there is one with this nonce.
    pub(crate) fn enroll(&mut self, enrollment: &Enrollment) -> Option<Enrolled> {
        if self.sessions.contains_key(&enrollment.nonce) {
            return None;
        }
        let incarnation = *self.incarnation.get_or_insert(enrollment.incarnation);
        self.sessions
            .insert(enrollment.nonce, enrollment.about.clone());
        let revision = self.write();
        Some(Enrolled {
            incarnation,
            revision,
        })
    }

    /// Reads the facts for a session, and about another one.
    pub(crate) fn facts(
        &self,
        own: Session,
        judged: Option<Session>,
        directory: &DirectoryKey,
    ) -> Facts {
        Facts {
            incarnation: self.incarnation,
            revision: Revision(self.revision),
            own: self.sessions.contains_key(&own.nonce),
            judged: judged.is_some_and(|it| self.sessions.contains_key(&it.nonce)),
            key: self.keys.get(directory.as_str()).copied(),
        }
    }

    pub(crate) fn mark(
        &mut self,
        asker: Session,
        judged: Session,
        directory: &DirectoryKey,
    ) -> Marked {
        let facts = self.facts(asker, Some(judged), directory);
        if facts.incarnation != Some(asker.incarnation) || !facts.own || facts.judged {
            return Marked::Refused(facts);
        }
        self.marks.insert((judged.nonce, asker.nonce));
        Marked::Marked(self.write())
    }

    pub(crate) fn take(
        &mut self,
        session: Session,
        judged: Option<Session>,
        owner: KeyOwner,
        directory: &DirectoryKey,
    ) -> Taken {
        let facts = self.facts(session, judged, directory);
        let life = facts.incarnation == Some(session.incarnation) && facts.own;
        let marked = judged
            .is_none_or(|it| !facts.judged && self.marks.contains(&(it.nonce, session.nonce)));
        let free = facts.key.is_none_or(|key| {
            key.nonce == session.nonce || judged.is_some_and(|it| it.nonce == key.nonce)
        });
        if !(life && marked && free) {
            return Taken::Refused(facts);
        }
        self.keys.insert(directory.as_str().to_owned(), owner);
        Taken::Taken(FencingToken(self.write().0))
    }

    pub(crate) fn release(&mut self, session: Session, directory: &DirectoryKey) {
        let key = self.keys.get(directory.as_str());
        if key.is_some_and(|key| key.nonce == session.nonce) {
            self.keys.remove(directory.as_str());
            self.write();
        }
    }

    /// Removes a session with its marks: it is withdrawn, its lease ends, or a person revokes it.
    pub(crate) fn withdraw(&mut self, session: Session) {
        if self.sessions.remove(&session.nonce).is_some() {
            self.marks.retain(|(_, asker)| *asker != session.nonce);
            self.write();
        }
    }

    fn write(&mut self) -> Revision {
        self.revision += 1;
        Revision(self.revision)
    }
}
