//! Looking at one lock file: what it says, whose claim it is, and whether that owner lives.
//!
//! Nothing is written, and everything may have changed by the time it is known; what the answer is worth is for the
//! machine to say.

use alloc::{string::String, vec::Vec};

use crate::{
    call::{Call, FileId, FileStat, Owner, Reply},
    contract::{
        DeadReason, DescriptorType, ErrorCode, Holder, Liveness, NotALock, Operation, UnknownReason,
    },
    lockfile::{Identity, LONGEST, Name, bare_identity, parse_pid},
};

/// A lock file, seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// Which file it is; still open, so nobody else's.
    pub id: FileId,
    /// How it looked after it was read.
    pub stat: FileStat,
    /// The pid in it.
    pub pid: Option<u32>,
    /// The identity in the claim that is the same file.
    pub claim: Option<Identity>,
    /// What the host said of its owner.
    pub liveness: Liveness,
}

impl Found {
    /// Nothing yet.
    const NOTHING: Self = Self {
        id: FileId(0, 0),
        stat: FileStat {
            kind: DescriptorType::Unknown,
            size: 0,
            links: 0,
            modified: None,
        },
        pid: None,
        claim: None,
        liveness: Liveness::Unknown(UnknownReason::NoAnswer),
    };

    /// Whether the file names nobody.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.pid.is_none() && self.claim.is_none()
    }

    /// Whether the host said that its owner is dead.
    #[must_use]
    pub fn is_dead(&self) -> Option<DeadReason> {
        match self.liveness {
            Liveness::Dead(reason) => Some(reason),
            Liveness::Alive(_) | Liveness::Unknown(_) => None,
        }
    }

    /// The owner as messages and `assume-dead` name it.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        match (&self.claim, self.pid) {
            (Some(identity), _) => Some(identity.as_str().into()),
            (None, pid) => pid.map(|pid| bare_identity(pid, self.stat.modified)),
        }
    }

    /// In the contract's words.
    #[must_use]
    pub fn holder(&self) -> Holder {
        Holder {
            pid: self.pid,
            identity: self.identity(),
            claimed: self.claim.is_some(),
            since: self.stat.modified,
            liveness: self.liveness,
        }
    }
}

/// What there is under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// Nothing.
    Gone,
    /// A lock file: [`Examine::found`].
    File,
    /// Something that is no lock file.
    NotALock(NotALock),
    /// It could not be looked at.
    Failed(Operation, ErrorCode),
}

/// How a look goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// With this, and then with its reply.
    Call(Call),
    /// It is over.
    Over(Seen),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Stat,
    Open,
    Read,
    StatOpen,
    Identify,
    List,
    Candidate,
    Ask,
}

/// A look at one file, under way or over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Examine {
    level: u8,
    stage: Stage,
    found: Found,
    candidate: Option<Identity>,
    candidates: Vec<Identity>,
    /// How often further candidates were asked for.
    searches: u8,
    /// Why an entry of the last listing could not be looked at.
    unseen: Option<ErrorCode>,
}

impl Default for Examine {
    fn default() -> Self {
        Self {
            level: 0,
            stage: Stage::Stat,
            found: Found::NOTHING,
            candidate: None,
            candidates: Vec::new(),
            searches: 0,
            unseen: None,
        }
    }
}

impl Examine {
    /// Begin to look at the lock file of a level.
    pub fn begin(&mut self, level: u8) -> Call {
        *self = Self {
            level,
            ..Self::default()
        };
        Call::Stat {
            name: Name::Level(level),
        }
    }

    /// The file that was looked at last.
    #[must_use]
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// Go on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Look {
        match self.stage {
            Stage::Stat => self.looked(reply),
            Stage::Open => self.opened(reply),
            Stage::Read => self.read(reply),
            Stage::StatOpen => self.looked_again(reply),
            Stage::Identify => {
                if let Reply::Identity(identity) = reply {
                    self.candidates.extend(identity);
                }
                self.next_candidate()
            }
            Stage::List => match reply {
                Reply::Claims(claims, unseen) => {
                    self.candidates = claims;
                    self.unseen = unseen;
                    self.next_candidate()
                }
                other => Look::Over(Seen::Failed(Operation::List, other.failure())),
            },
            Stage::Candidate => self.compared(reply),
            Stage::Ask => {
                if let Reply::Liveness(liveness) = reply {
                    self.found.liveness = liveness;
                }
                Look::Over(Seen::File)
            }
        }
    }

    fn call(&mut self, stage: Stage, call: Call) -> Look {
        self.stage = stage;
        Look::Call(call)
    }

    fn looked(&mut self, reply: Reply) -> Look {
        // Before the file is opened: opening a FIFO would wait for a writer for ever.
        match reply.stat() {
            Err(ErrorCode::NoEntry) => Look::Over(Seen::Gone),
            Err(code) => Look::Over(Seen::Failed(Operation::Stat, code)),
            Ok(stat) => match not_a_lock(&stat) {
                Some(what) => Look::Over(Seen::NotALock(what)),
                None => {
                    let name = Name::Level(self.level);
                    self.call(Stage::Open, Call::Open { name })
                }
            },
        }
    }

    fn opened(&mut self, reply: Reply) -> Look {
        match reply.id() {
            Ok(id) => {
                self.found.id = id;
                self.call(Stage::Read, Call::Read)
            }
            Err(ErrorCode::NoEntry) => Look::Over(Seen::Gone),
            // It was a regular file a moment ago; a symbolic link is never followed.
            Err(ErrorCode::Loop) => {
                Look::Over(Seen::NotALock(NotALock::Kind(DescriptorType::SymbolicLink)))
            }
            Err(code) => Look::Over(Seen::Failed(Operation::Open, code)),
        }
    }

    fn read(&mut self, reply: Reply) -> Look {
        match reply {
            Reply::Bytes(bytes) if bytes.len() > LONGEST => {
                Look::Over(Seen::NotALock(NotALock::Size(bytes.len() as u64)))
            }
            Reply::Bytes(bytes) => {
                self.found.pid = parse_pid(&bytes);
                // Only now: what was read belongs to a size and a time that are seen afterwards. If they are the same
                // on a later visit, then nothing was written between the two.
                self.call(Stage::StatOpen, Call::StatOpen)
            }
            other => Look::Over(Seen::Failed(Operation::Read, other.failure())),
        }
    }

    fn looked_again(&mut self, reply: Reply) -> Look {
        let stat = match reply.stat() {
            Ok(stat) => stat,
            Err(code) => return Look::Over(Seen::Failed(Operation::Stat, code)),
        };
        if let Some(what) = not_a_lock(&stat) {
            return Look::Over(Seen::NotALock(what));
        }
        self.found.stat = stat;
        // A claim is a second name of this file. With one name only there is none, or the owner is just releasing:
        // then the pid alone decides, and if that means death, the name is looked at again before it is removed.
        if stat.links <= 1 {
            self.ask()
        } else {
            self.next_candidate()
        }
    }

    fn next_candidate(&mut self) -> Look {
        if let Some(identity) = self.candidates.pop() {
            self.candidate = Some(identity);
            let name = Name::Claim(identity);
            return self.call(Stage::Candidate, Call::Id { name });
        }
        let search = self.searches;
        self.searches += 1;
        match (search, self.found.pid, self.unseen) {
            (0, Some(pid), _) => self.call(Stage::Identify, Call::Identify { pid }),
            // A listing may be stale, or the directory may have changed under it.
            (0..=2, ..) => self.call(Stage::List, Call::List),
            // The claim may be the one that was not seen. Without it the file would be judged by its pid alone.
            (_, _, Some(code)) => Look::Over(Seen::Failed(Operation::List, code)),
            _ => self.ask(),
        }
    }

    fn compared(&mut self, reply: Reply) -> Look {
        match reply.id() {
            Ok(id) if id == self.found.id => {
                self.found.claim = self.candidate;
                self.ask()
            }
            Ok(_) | Err(ErrorCode::NoEntry) => self.next_candidate(),
            // It may be the claim. Without it the file would be judged by its pid alone.
            Err(code) => Look::Over(Seen::Failed(Operation::Stat, code)),
        }
    }

    fn ask(&mut self) -> Look {
        let owner = match (self.found.claim, self.found.pid) {
            (Some(identity), _) => Owner::Maker(identity),
            (None, Some(pid)) => Owner::Pid(pid),
            (None, None) => Owner::Nobody,
        };
        self.call(Stage::Ask, Call::Ask { owner })
    }
}

fn not_a_lock(stat: &FileStat) -> Option<NotALock> {
    if stat.kind != DescriptorType::RegularFile {
        Some(NotALock::Kind(stat.kind))
    } else if stat.size > LONGEST as u64 {
        Some(NotALock::Size(stat.size))
    } else {
        None
    }
}
