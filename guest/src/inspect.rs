//! Judging a lock without taking it: the same looks as an attempt's, and nothing else.

use alloc::{string::String, vec::Vec};

use crate::{
    call::{Call, Next, Reply},
    contract::{Failure, Foreign, Holder, InspectError, Liveness, Operation, State, Status},
    examine::{Examine, Look, Seen},
    lockfile::{DEEPEST, Names, is_lock_name},
};

/// What an inspection comes to.
pub type Inspected = Result<Status, InspectError>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Examine(u8),
    Current,
}

/// An inspection under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Inspect {
    names: Names,
    stage: Stage,
    examine: Examine,
    state: State,
    holder: Option<Holder>,
    reclaims: Vec<Holder>,
}

impl Inspect {
    /// Begin to inspect the lock of this name.
    #[must_use]
    pub fn begin(lock: String) -> (Self, Next<Inspected>) {
        let mut inspect = Self {
            names: Names::new(lock),
            stage: Stage::Examine(0),
            examine: Examine::default(),
            state: State::Free,
            holder: None,
            reclaims: Vec::new(),
        };
        let name = inspect.names.level(0);
        let next = if is_lock_name(&name) {
            Next::Call(inspect.examine.begin(0))
        } else {
            Next::End(Err(InspectError::BadName(name)))
        };
        (inspect, next)
    }

    /// The names of the lock's files.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Go on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Next<Inspected> {
        match self.stage {
            Stage::Examine(level) => match self.examine.reply(reply) {
                Look::Call(call) => Next::Call(call),
                Look::Over(seen) => self.seen(level, seen),
            },
            Stage::Current => {
                let evidence = matches!(reply, Reply::Maker(maker) if maker.evidence);
                Next::End(Ok(Status {
                    state: self.state,
                    holder: self.holder.take(),
                    reclaims: core::mem::take(&mut self.reclaims),
                    evidence,
                }))
            }
        }
    }

    fn seen(&mut self, level: u8, seen: Seen) -> Next<Inspected> {
        let file = self.names.level(level);
        match seen {
            Seen::Gone => {}
            Seen::File => {
                let found = self.examine.found();
                let holder = found.holder(file);
                if level == 0 {
                    self.state = match found.liveness {
                        Liveness::Dead(_) if found.is_malformed() => State::Malformed,
                        Liveness::Dead(_) => State::Stale,
                        Liveness::Alive(_) => State::Held,
                        Liveness::Unknown(_) => State::Unknown,
                    };
                    self.holder = Some(holder);
                } else {
                    self.reclaims.push(holder);
                }
            }
            // What is odd at a reclaim lock's place does not hinder the lock; an attempt tells when it does.
            Seen::NotALock(_) | Seen::Failed(..) if level > 0 => {}
            Seen::NotALock(what) => {
                return Next::End(Err(InspectError::NotALock(Foreign { file, what })));
            }
            Seen::Failed(operation, code) => {
                return Next::End(Err(InspectError::Failed(Failure {
                    operation,
                    file: if operation == Operation::List {
                        String::new()
                    } else {
                        file
                    },
                    code,
                })));
            }
        }
        self.look_at(level + 1)
    }

    fn look_at(&mut self, level: u8) -> Next<Inspected> {
        if level > DEEPEST {
            self.stage = Stage::Current;
            return Next::Call(Call::Current { attempt: 0 });
        }
        self.stage = Stage::Examine(level);
        Next::Call(self.examine.begin(level))
    }
}
