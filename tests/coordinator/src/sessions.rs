//! Sessions, and sets of them.

use std::num::NonZeroU8;

/// A session. It is also the number of the claim, and of the file, that was made in its name: each is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Session(NonZeroU8);

impl Session {
    /// How many sessions there can be in a run.
    pub const MANY: usize = 8;

    /// The owner that is dead from the beginning.
    pub const DEAD: Self = Self::new(6);

    /// The newcomer that comes when all others have ended.
    pub const NEWCOMER: Self = Self::new(7);

    const fn new(index: u8) -> Self {
        Self(NonZeroU8::MIN.saturating_add(index))
    }

    /// Returns the session of a machine's attempt.
    pub fn of(machine: usize, attempt: u8) -> Self {
        let index = machine as u8 + 3 * attempt;
        assert!(
            index < 6,
            "no more than three machines with two attempts each"
        );
        Self::new(index)
    }

    /// Returns its place in an array.
    pub fn index(self) -> usize {
        usize::from(self.0.get()) - 1
    }

    /// Returns its name in a trace.
    pub fn name(self) -> &'static str {
        ["A", "B", "C", "A'", "B'", "C'", "X", "Y"][self.index()]
    }
}

/// A set of sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sessions(u8);

impl Sessions {
    /// Adds a session.
    pub fn insert(&mut self, session: Session) {
        self.0 |= 1 << session.index();
    }

    /// Removes a session.
    pub fn remove(&mut self, session: Session) {
        self.0 &= !(1 << session.index());
    }

    /// Returns whether a session is in the set.
    pub fn has(self, session: Session) -> bool {
        self.0 & 1 << session.index() != 0
    }

    /// Returns the sessions in the set.
    pub fn iter(self) -> impl Iterator<Item = Session> {
        (0..Session::MANY as u8)
            .map(Session::new)
            .filter(move |session| self.has(*session))
    }

    /// Returns whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}
