//! The comparison of a name with a file: is it still that file's?

use super::{Machine, State, Turn};
use crate::{
    call::{Call, FileId, Known},
    facts::ErrorCode,
    names::Name,
};

impl Machine {
    /// Compares the file at a level with this one.
    pub(super) fn compare(&mut self, state: State, level: u8, file: FileId, known: Known) -> Turn {
        let call = Call::compare(Name::Level(level), file, known, self.keeps_evidence());
        self.call(state, call)
    }

    /// Compares the file at a level with our own there.
    pub(super) fn compare_own(&mut self, state: State, level: u8) -> Turn {
        let own = self.levels.get(level).unwrap_or_default();
        let names = self.names_of_claim();
        self.compare(state, level, own, Known::Ours { names })
    }

    /// Returns how many names our claim has, if all that may be its own are.
    pub(super) fn names_of_claim(&self) -> u8 {
        match self.in_place {
            true => 0,
            false => self.levels.count() + 1,
        }
    }

    /// Returns whether a reply shows that the name at a level is our own file's.
    pub(super) fn is_own(&self, level: u8, id: Result<FileId, ErrorCode>) -> bool {
        id.is_ok_and(|id| self.levels.get(level) == Some(id))
    }
}
