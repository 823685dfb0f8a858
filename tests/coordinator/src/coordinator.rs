//! The coordinator: sessions, its incarnation, the directory's key, and a revision.

use crate::sessions::{Session, Sessions};

/// The coordinator's data at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Coordinator {
    /// The life of its data. Zero before any process has named it.
    pub incarnation: u8,
    /// Rises with each write.
    pub revision: u8,
    /// The sessions that are there.
    pub sessions: Sessions,
    /// The session that the directory's key names.
    pub key: Option<Session>,
    /// Which session each session has seen gone, and has marked itself with.
    marks: [Option<Session>; Session::MANY],
}

impl Coordinator {
    /// Creates a session, and the incarnation if there is none. Returns the incarnation.
    pub fn enroll(&mut self, session: Session, next_incarnation: &mut u8) -> u8 {
        if self.incarnation == 0 {
            self.incarnation = *next_incarnation;
            *next_incarnation += 1;
        }
        self.sessions.insert(session);
        self.incarnation
    }

    /// Marks a session with one that is gone.
    pub fn mark(&mut self, session: Session, gone: Session) {
        self.marks[session.index()] = Some(gone);
    }

    /// Returns whether a session is marked with another one.
    pub fn is_marked(&self, session: Session, gone: Session) -> bool {
        self.marks[session.index()] == Some(gone)
    }

    /// Removes a session, and with it its mark. The directory's key stays.
    pub fn remove(&mut self, session: Session) {
        self.sessions.remove(session);
        self.marks[session.index()] = None;
    }

    /// Removes all sessions, as their leases expire once their owners are dead.
    pub fn expire(&mut self) {
        self.sessions = Sessions::default();
        self.marks = Default::default();
    }
}
