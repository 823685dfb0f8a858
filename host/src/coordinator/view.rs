//! One session's view of the coordinator: whether the facts are those of the same life of its data, and no older ones.

use super::{
    operations::Facts,
    session::{Revision, Session},
};

/// Why facts are no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flaw {
    /// The coordinator's data lives another life: it was wiped, or it is another coordinator.
    OtherIncarnation,
    /// The session that asks is gone.
    OwnGone,
    /// The revision is lower than before: the data was restored.
    Fallen,
}

/// A session, and the last revision that it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct View {
    pub(crate) own: Session,
    pub(crate) seen: Revision,
}

impl View {
    /// Checks facts, and notes their revision.
    ///
    /// # Errors
    ///
    /// If they are no success. A revision that has fallen is noted all the same: what is seen after it is compared with it.
    pub(crate) fn check(&mut self, facts: &Facts) -> Result<(), Flaw> {
        if facts.incarnation != Some(self.own.incarnation) {
            return Err(Flaw::OtherIncarnation);
        }
        self.advance(facts.revision)?;
        if facts.own {
            Ok(())
        } else {
            Err(Flaw::OwnGone)
        }
    }

    /// Notes the revision of a transaction.
    ///
    /// # Errors
    ///
    /// If it has fallen.
    pub(crate) fn advance(&mut self, revision: Revision) -> Result<(), Flaw> {
        let fallen = revision < self.seen;
        self.seen = revision;
        if fallen { Err(Flaw::Fallen) } else { Ok(()) }
    }
}
