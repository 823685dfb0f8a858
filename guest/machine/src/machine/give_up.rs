//! The removal of our names: each only if it is our own file, the deepest last, then the claim, then the evidence.
//!
//! A file made in place is removed only once it is certain that no process is replacing it. Until then, one process may
//! be about to remove that name, and another to take it, between our check and our removal. Instead, the file is made
//! to name no owner, through the open file and not through its name. It is then removed as any such file is.
//!
//! The claim goes while the evidence is still there. So no process ever sees a living process's claim without its lock,
//! once the owner has written into it.

use super::outcome::{Failure, Operation};
use crate::{
    call::{Call, FileId, Reply},
    facts::ErrorCode,
    names::{DEEPEST, Identity, Name},
};

/// The levels at which a file of ours may have a name, and the id of each file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Levels {
    /// The levels, one bit each.
    set: u16,
    files: [FileId; DEEPEST as usize + 1],
}

impl Levels {
    /// Adds a level.
    pub fn insert(&mut self, level: u8, file: FileId) {
        self.set |= 1 << level;
        self.put(level, file);
    }

    /// Removes a level.
    pub fn remove(&mut self, level: u8) {
        self.set &= !(1 << level);
        // A level that is not in the set must not make two sets differ.
        self.put(level, FileId::default());
    }

    /// Returns our file at a level.
    #[must_use]
    pub fn get(&self, level: u8) -> Option<FileId> {
        let file = self.files.get(usize::from(level))?;
        (self.set & (1 << level) != 0).then_some(*file)
    }

    /// Returns whether there is no level.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set == 0
    }

    /// Removes and returns the lock file itself, or else the reclaim lock next to it.
    pub fn take_first(&mut self) -> Option<(u8, FileId)> {
        let level = self.set.trailing_zeros() as u8;
        let file = self.get(level)?;
        self.remove(level);
        Some((level, file))
    }

    /// Returns all levels but the lock file itself.
    #[must_use]
    pub fn above(mut self) -> Self {
        self.remove(0);
        self
    }

    fn put(&mut self, level: u8, file: FileId) {
        if let Some(slot) = self.files.get_mut(usize::from(level)) {
            *slot = file;
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    #[default]
    Compare,
    Remove,
    Disown,
    CompareClaim,
    RemoveClaim,
    Forget,
}

/// Names that are given up, and the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct GiveUp {
    own: FileId,
    /// Our claim, if it goes too.
    claim: Option<Identity>,
    levels: Levels,
    /// The level of a file that is not certain to be ours alone.
    unsure: Option<u8>,
    /// The level that is given up now, and our file there.
    current: (u8, FileId),
    stage: Stage,
    /// The levels that still have our file, because it could not be removed.
    pub left: Levels,
    /// Whether the lock's name was to be given up, and was not ours.
    pub lost: bool,
    /// The first failure.
    pub failure: Option<Failure>,
}

impl GiveUp {
    /// Begins to give up these levels, of which one may be unsure, and the claim, if one is named: it is the file
    /// `own`. Returns `None` if there is nothing to do.
    pub fn begin(
        &mut self,
        levels: Levels,
        unsure: Option<u8>,
        own: FileId,
        claim: Option<Identity>,
    ) -> Option<Call> {
        *self = Self {
            own,
            claim,
            levels,
            unsure,
            ..Self::default()
        };
        self.next_level()
    }

    /// Goes on with the reply to the last call. Returns `None` once it is over.
    pub fn reply(&mut self, reply: Reply) -> Option<Call> {
        let (level, file) = self.current;
        match self.stage {
            Stage::Compare => match reply.id() {
                Ok(id) if id == file => {
                    let name = Name::Level(level);
                    return self.call(Stage::Remove, Call::Unlink { name });
                }
                Ok(_) | Err(ErrorCode::NoEntry) => self.lost |= level == 0,
                Err(code) => self.stuck(Operation::Stat, code),
            },
            Stage::Remove => match reply.done() {
                Ok(()) => {}
                Err(ErrorCode::NoEntry) => self.lost |= level == 0,
                Err(code) => self.stuck(Operation::Remove, code),
            },
            Stage::Disown => {
                if let Err(code) = reply.done() {
                    self.fail(Operation::Write, Name::Level(level), code);
                }
            }
            Stage::CompareClaim => {
                let name = Name::Claim(self.claim?);
                match reply.id() {
                    Ok(id) if id == self.own => {
                        return self.call(Stage::RemoveClaim, Call::Unlink { name });
                    }
                    Ok(_) | Err(ErrorCode::NoEntry) => {}
                    Err(code) => self.fail(Operation::Stat, name, code),
                }
                return self.call(Stage::Forget, Call::Forget);
            }
            Stage::RemoveClaim => {
                let name = Name::Claim(self.claim?);
                match reply.done() {
                    Ok(()) | Err(ErrorCode::NoEntry) => {}
                    Err(code) => self.fail(Operation::Remove, name, code),
                }
                return self.call(Stage::Forget, Call::Forget);
            }
            Stage::Forget => return None,
        }
        self.next_level()
    }

    fn call(&mut self, stage: Stage, call: Call) -> Option<Call> {
        self.stage = stage;
        Some(call)
    }

    fn next_level(&mut self) -> Option<Call> {
        if let Some(current) = self.levels.take_first() {
            self.current = current;
            let (level, _) = current;
            return if self.unsure == Some(level) {
                self.call(Stage::Disown, Call::Disown { level })
            } else {
                let name = Name::Level(level);
                self.call(Stage::Compare, Call::Id { name })
            };
        }
        let name = Name::Claim(self.claim?);
        if self.left == Levels::default() {
            self.call(Stage::CompareClaim, Call::Id { name })
        } else {
            // The claim stays beside a name that could not be removed: better than the pid alone, it shows when the
            // owner is dead.
            self.call(Stage::Forget, Call::Forget)
        }
    }

    fn stuck(&mut self, what: Operation, code: ErrorCode) {
        let (level, file) = self.current;
        self.left.insert(level, file);
        self.fail(what, Name::Level(level), code);
    }

    fn fail(&mut self, operation: Operation, name: Name, code: ErrorCode) {
        self.failure
            .get_or_insert(Failure::of(operation, name, code));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_has_its_own_file() {
        let levels = 0..=DEEPEST;
        let file = |level| FileId(u64::from(level) + 1, 0);
        for level in levels.clone() {
            let mut set = Levels::default();
            set.insert(level, file(level));
            for other in levels.clone() {
                let expected = (other == level).then(|| file(level));
                assert_eq!(set.get(other), expected, "{other} of {level}");
            }
            assert_eq!(set.take_first(), Some((level, file(level))));
            assert_eq!(set, Levels::default());
        }
    }
}
