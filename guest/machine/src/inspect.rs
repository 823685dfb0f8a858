//! The inspection of a lock without taking it: it examines as an attempt does, and does nothing else.

use alloc::string::String;

use crate::{
    call::{Call, Next, Reply},
    facts::{ErrorCode, Liveness},
    machine::{
        examine::{Examine, Found, Seen},
        outcome::{NotALock, Operation},
    },
    names::{DEEPEST, Names, is_lock_name},
};

/// What an attempt would find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// There is no lock file.
    Free,
    /// The owner is alive.
    Held,
    /// It is unknown whether the owner is alive; an attempt would be refused.
    Unknown,
    /// The owner is dead; an attempt would take the lock over.
    Stale,
    /// The file is malformed; an attempt would take it over once it has settled.
    Malformed,
}

/// The lock, judged and not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// The verdict.
    pub state: State,
    /// Whether a lock that this host acquired here would carry evidence.
    pub evidence: bool,
}

/// Why the lock file could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unjudged {
    /// It is not a lock file.
    NotALock(NotALock),
    /// An operation on it failed, or the listing of the directory.
    Failed(Operation, ErrorCode),
    /// Its name is not a lock name.
    BadName,
}

/// The result of an inspection.
pub type Inspected = Result<Status, Unjudged>;

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
}

impl Inspect {
    /// Creates an inspection of the lock of this name.
    #[must_use]
    pub fn new(lock: String) -> Self {
        Self {
            names: Names::new(lock),
            stage: Stage::Examine(0),
            examine: Examine::default(),
            state: State::Free,
        }
    }

    /// Begins.
    pub fn start(&mut self) -> Next<Inspected> {
        if is_lock_name(self.names.lock()) {
            return self.look_at(0);
        }
        Next::End(Err(Unjudged::BadName))
    }

    /// Returns the names of the lock's files.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Goes on with the reply to the last call. Hands each of the lock's files to `occupied` with its level: the lock
    /// file (0), then the reclaim locks that exist, the first level first.
    pub fn reply(&mut self, reply: Reply, occupied: impl FnOnce(u8, &Found)) -> Next<Inspected> {
        match self.stage {
            Stage::Examine(level) => match self.examine.reply(reply) {
                Next::Call(call) => Next::Call(call),
                Next::End(seen) => self.seen(level, seen, occupied),
            },
            Stage::Current => self.end(matches!(reply, Reply::Maker(maker) if maker.evidence)),
        }
    }

    fn end(&self, evidence: bool) -> Next<Inspected> {
        Next::End(Ok(Status {
            state: self.state,
            evidence,
        }))
    }

    fn seen(
        &mut self,
        level: u8,
        seen: Seen,
        occupied: impl FnOnce(u8, &Found),
    ) -> Next<Inspected> {
        Next::End(Err(match seen {
            Seen::Gone => return self.look_at(level + 1),
            Seen::File => {
                let found = self.examine.found();
                occupied(level, found);
                if level == 0 {
                    self.state = match found.liveness {
                        Liveness::Dead(_) if found.is_malformed() => State::Malformed,
                        Liveness::Dead(_) => State::Stale,
                        Liveness::Alive(_) => State::Held,
                        Liveness::Unknown(_) => State::Unknown,
                    };
                }
                return self.look_at(level + 1);
            }
            // An odd file in a reclaim lock's place does not block the lock; an attempt reports it if it does.
            _ if level > 0 => return self.look_at(level + 1),
            Seen::NotALock(what) => Unjudged::NotALock(what),
            Seen::Failed(operation, code) => Unjudged::Failed(operation, code),
        }))
    }

    fn look_at(&mut self, level: u8) -> Next<Inspected> {
        if level <= DEEPEST {
            self.stage = Stage::Examine(level);
            let evidence = self.examine.evidence();
            return Next::Call(self.examine.begin(level, evidence));
        }
        if let Some(evidence) = self.examine.evidence() {
            return self.end(evidence);
        }
        self.stage = Stage::Current;
        Next::Call(Call::Current { attempt: 0 })
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;

    use super::*;
    use crate::{
        call::{FileId, FileStat, Listed, Maker},
        facts::{AliveReason, DescriptorType, ErrorCode},
        names::{Identity, Name},
    };

    fn maker(evidence: bool) -> Reply {
        Reply::Maker(Maker {
            pid: 7,
            identity: Identity::new("1-p7").expect("an identity"),
            evidence,
            session: false,
        })
    }

    /// Answers all that an inspection asks about a lock of pid 9, or about none. Returns its end, and how often it asked
    /// for evidence.
    fn inspect(is_there: bool, evidence: bool) -> (Inspected, usize) {
        let mut inspect = Inspect::new("a.lock".to_owned());
        let (mut next, mut asked) = (inspect.start(), 0);
        loop {
            let call = match next {
                Next::Call(call) => call,
                Next::End(end) => return (end, asked),
            };
            let stat = Reply::Stat(FileStat {
                kind: DescriptorType::RegularFile,
                size: 2,
                links: 1,
                modified: None,
            });
            let reply = match call {
                Call::Stat {
                    name: Name::Level(0),
                } if is_there => stat,
                Call::Open { .. } => Reply::Id(FileId(1, 1)),
                Call::Read => Reply::Bytes(b"9\n".to_vec()),
                Call::StatOpen => stat,
                Call::Current { .. } => {
                    asked += 1;
                    maker(evidence)
                }
                Call::Identify { .. } => Reply::Identity(None),
                Call::List => Reply::Listed(Listed::default()),
                Call::Ask { .. } => Reply::Liveness(Liveness::Alive(AliveReason::Exists)),
                _ => Reply::Failed(ErrorCode::NoEntry),
            };
            next = inspect.reply(reply, |_, _| ());
        }
    }

    #[test]
    fn the_host_is_asked_for_evidence_once() {
        for (is_there, state) in [(false, State::Free), (true, State::Held)] {
            for evidence in [true, false] {
                let status = Status { state, evidence };
                assert_eq!(inspect(is_there, evidence), (Ok(status), 1));
            }
        }
    }
}
