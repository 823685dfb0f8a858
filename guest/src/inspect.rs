//! Judging a lock without taking it: the same looks as an attempt's, and nothing else.

use alloc::{string::String, vec::Vec};

use crate::{
    call::{Call, Next, Reply},
    contract::{Failure, InspectCause, InspectError, Liveness, Occupied, Operation, State, Status},
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
    files: Vec<Occupied>,
    /// Whether the host keeps evidence, once it was asked.
    evidence: Option<bool>,
}

impl Inspect {
    /// Of the lock of this name.
    #[must_use]
    pub fn new(lock: String) -> Self {
        Self {
            names: Names::new(lock),
            stage: Stage::Examine(0),
            examine: Examine::default(),
            state: State::Free,
            files: Vec::new(),
            evidence: None,
        }
    }

    /// Begin.
    pub fn start(&mut self) -> Next<Inspected> {
        let file = self.names.level(0);
        if is_lock_name(&file) {
            return self.look_at(0);
        }
        Next::End(Err(InspectError {
            file,
            cause: InspectCause::BadName,
        }))
    }

    /// The names of the lock's files.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Go on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Next<Inspected> {
        if let (Reply::Maker(_) | Reply::Refused(_), None) = (&reply, self.evidence) {
            self.evidence = Some(matches!(&reply, Reply::Maker(maker) if maker.evidence));
        }
        match self.stage {
            Stage::Examine(level) => match self.examine.reply(reply) {
                Look::Call(call) => Next::Call(call),
                Look::Over(seen) => self.seen(level, seen),
            },
            Stage::Current => self.end(),
        }
    }

    fn end(&mut self) -> Next<Inspected> {
        Next::End(Ok(Status {
            state: self.state,
            files: core::mem::take(&mut self.files),
            evidence: self.evidence.unwrap_or_default(),
        }))
    }

    fn seen(&mut self, level: u8, seen: Seen) -> Next<Inspected> {
        let cause = match seen {
            Seen::Gone => return self.look_at(level + 1),
            Seen::File => {
                let found = self.examine.found();
                if level == 0 {
                    self.state = match found.liveness {
                        Liveness::Dead(_) if found.is_malformed() => State::Malformed,
                        Liveness::Dead(_) => State::Stale,
                        Liveness::Alive(_) => State::Held,
                        Liveness::Unknown(_) => State::Unknown,
                    };
                }
                self.files.push(Occupied {
                    file: self.names.level(level),
                    holder: found.holder(),
                });
                return self.look_at(level + 1);
            }
            // What is odd at a reclaim lock's place does not hinder the lock; an attempt tells when it does.
            _ if level > 0 => return self.look_at(level + 1),
            Seen::NotALock(what) => InspectCause::NotALock(what),
            Seen::Failed(operation, code) => InspectCause::Failed(Failure { operation, code }),
        };
        let file = match seen {
            Seen::Failed(Operation::List, _) => String::new(),
            _ => self.names.level(0),
        };
        Next::End(Err(InspectError { file, cause }))
    }

    fn look_at(&mut self, level: u8) -> Next<Inspected> {
        if level <= DEEPEST {
            self.stage = Stage::Examine(level);
            return Next::Call(self.examine.begin(level, self.evidence));
        }
        if self.evidence.is_some() {
            return self.end();
        }
        self.stage = Stage::Current;
        Next::Call(Call::Current { attempt: 0 })
    }
}
