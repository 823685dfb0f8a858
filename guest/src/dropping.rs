//! Giving names up: each only if it is our own file, the deepest last, then the claim, then the evidence.
//!
//! The claim goes while the evidence is still there: nobody ever sees a claim of a living process that is not locked,
//! once that process has written into it.

use crate::{
    call::{Call, FileId, Reply},
    contract::{ErrorCode, Operation},
    lockfile::{DEEPEST, Identity, Name},
    stop::Failure,
};

/// A set of levels at which our claim may have a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Levels(u16);

impl Levels {
    /// Add one.
    pub fn insert(&mut self, level: u8) {
        self.0 |= 1 << level;
    }

    /// Take one out.
    pub fn remove(&mut self, level: u8) {
        self.0 &= !(1 << level);
    }

    /// Whether it is in.
    #[must_use]
    pub fn contains(self, level: u8) -> bool {
        self.0 & (1 << level) != 0
    }

    /// The lock file itself, if it is in.
    #[must_use]
    pub fn lock(self) -> Self {
        Self(self.0 & 1)
    }

    /// All but the lock file itself.
    #[must_use]
    pub fn above(self) -> Self {
        Self(self.0 & !1)
    }

    /// Those that are in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    #[default]
    Compare,
    Remove,
    CompareClaim,
    RemoveClaim,
    Forget,
}

/// Names being given up, and how that went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dropping {
    own: FileId,
    /// Our claim, if it goes too.
    claim: Option<Identity>,
    levels: Levels,
    level: u8,
    stage: Stage,
    /// The levels that still have our name, because it could not be removed.
    pub left: Levels,
    /// Whether the lock's name was wanted, and was not ours.
    pub lost: bool,
    /// What failed first.
    pub failure: Option<Failure>,
}

impl Dropping {
    /// Begin to give up these levels of the file `own`, and the claim if one is named. `None` where there is nothing
    /// to do.
    pub fn begin(&mut self, own: FileId, levels: Levels, claim: Option<Identity>) -> Option<Call> {
        *self = Self {
            own,
            claim,
            levels,
            ..Self::default()
        };
        self.next_level()
    }

    /// Go on with the reply to the last call. `None` once it is over.
    pub fn reply(&mut self, reply: Reply) -> Option<Call> {
        match self.stage {
            Stage::Compare => match reply.id() {
                Ok(id) if id == self.own => {
                    let name = Name::Level(self.level);
                    return self.call(Stage::Remove, Call::Unlink { name });
                }
                Ok(_) | Err(ErrorCode::NoEntry) => self.lost |= self.level == 0,
                Err(code) => self.stuck(Operation::Stat, code),
            },
            Stage::Remove => match reply.done() {
                Ok(()) => {}
                Err(ErrorCode::NoEntry) => self.lost |= self.level == 0,
                Err(code) => self.stuck(Operation::Remove, code),
            },
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
        if let Some(level) = (0..=DEEPEST).find(|&level| self.levels.contains(level)) {
            self.levels.remove(level);
            self.level = level;
            let name = Name::Level(level);
            return self.call(Stage::Compare, Call::Id { name });
        }
        let name = Name::Claim(self.claim?);
        if self.left == Levels::default() {
            self.call(Stage::CompareClaim, Call::Id { name })
        } else {
            // The claim stays beside a name that could not be removed: it says better than the pid alone when the
            // owner is dead.
            self.call(Stage::Forget, Call::Forget)
        }
    }

    fn stuck(&mut self, what: Operation, code: ErrorCode) {
        self.left.insert(self.level);
        self.fail(what, Name::Level(self.level), code);
    }

    fn fail(&mut self, operation: Operation, name: Name, code: ErrorCode) {
        self.failure
            .get_or_insert(Failure::of(operation, name, code));
    }
}
