//! The directory on the share.
//!
//! There is no reclaim lock in the model. It only forbids some orders of steps, and all orders without it are gone
//! through: a reclaimer may sleep between any two steps, as one does whose own reclaim lock was reclaimed. So what holds
//! here holds with it. The guest's model (`guest/tests/model`) has it.

use crate::sessions::{Session, Sessions};

/// The names in the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Directory {
    /// The file that has the name of the lock, `N`, by the session in whose name it was made.
    pub lock: Option<Session>,
    /// The claims. The name of a claim is used once, so a late REMOVE of one never hits another file.
    pub claims: Sessions,
    /// REMOVEs of `N` that the server has yet to execute once more, or late. They hit whichever file has the name then.
    pub late_removes: u8,
    /// The highest token that an owner has left here, and its incarnation.
    pub token: (u8, u8),
}

impl Directory {
    /// Links a claim to the lock's name. Returns whether the name was free.
    pub fn link(&mut self, session: Session) -> bool {
        let free = self.lock.is_none();
        if free {
            self.claims.insert(session);
            self.lock = Some(session);
        }
        free
    }
}
