//! Looking at one lock file: what it says, whose claim it is, and whether that owner lives.
//!
//! Nothing is written, and everything may have changed by the time it is known; what the answer is worth is for the
//! machine to say.

use alloc::{string::String, vec::Vec};

use super::{
    listing::{Entry, Listing},
    outcome::{NotALock, Operation},
};
use crate::{
    call::{Call, FileId, FileStat, Next, Owner, Reply},
    facts::{AliveReason, DeadReason, DescriptorType, ErrorCode, Liveness, UnknownReason},
    names::{Identity, LONGEST, Name, bare_identity, other_numbers, parse_pid},
};

/// How often a directory is listed for a claim before a file counts as one without: a listing may be stale, or the
/// directory may have changed under it.
const LISTINGS: u8 = 2;

/// How many parts of a listing are read, in case a file system lists without end: hundreds of millions of entries.
const PARTS: u32 = 1 << 20;

/// A lock file, seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// Which file it is; still open, so nobody else's.
    pub id: FileId,
    /// How it looked after it was read.
    pub stat: FileStat,
    /// The pid in it; of a file that holds more than a pid, a number in it that may be the owner's.
    pub pid: Option<u32>,
    /// The identity in the claim that is the same file.
    pub claim: Option<Identity>,
    /// What failed in the search for that claim, so that it may be there and was not found.
    pub missed: Option<(Operation, ErrorCode)>,
    /// What the host said of its owner.
    pub liveness: Liveness,
    /// It may not be opened, so it was neither read nor asked for evidence, and its id may be another file's by now.
    pub unread: bool,
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
        missed: None,
        liveness: Liveness::Unknown(UnknownReason::NoAnswer),
        unread: false,
    };

    /// Whether the file names nobody.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.pid.is_none() && self.claim.is_none() && !self.unread
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
            // Not the pid: the file may have a claim, and whose it is then is what that says.
            (None, _) if self.missed.is_some() => None,
            (None, pid) => pid.map(|pid| bare_identity(pid, self.stat.modified)),
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
type Look = Next<Seen>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Stat,
    Open,
    Read,
    /// protocol.md#judge-5: it may not be opened. Which file is it?
    Unread,
    /// … and once its maker is dead, is it there still?
    Left,
    StatOpen,
    Current,
    Identify,
    List,
    Candidate,
    Ask,
}

/// A look at one file, under way or over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Examine {
    level: u8,
    /// Whether a kernel keeps evidence here, and so counts links: `None` until the host was asked.
    evidence: Option<bool>,
    stage: Stage,
    found: Found,
    /// Why the file may not be opened, if that is so.
    denied: Option<ErrorCode>,
    /// The numbers in a file that holds more than a pid which were not asked about yet, the first one last.
    numbers: Vec<u32>,
    /// The one that is asked about.
    number: Option<u32>,
    candidate: Option<Identity>,
    listing: Listing,
    /// How often the directory was listed.
    listings: u8,
}

impl Default for Examine {
    fn default() -> Self {
        Self {
            level: 0,
            evidence: None,
            stage: Stage::Stat,
            found: Found::NOTHING,
            denied: None,
            numbers: Vec::new(),
            number: None,
            candidate: None,
            listing: Listing::default(),
            listings: 0,
        }
    }
}

impl Examine {
    /// Begins to look at the lock file of a level. `evidence` is what the host answered about the directory, if it was
    /// asked; otherwise it is asked with [`Call::Current`] where the answer matters.
    pub fn begin(&mut self, level: u8, evidence: Option<bool>) -> Call {
        *self = Self {
            level,
            evidence,
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

    /// Whether a kernel keeps evidence here, once the host was asked.
    #[must_use]
    pub fn evidence(&self) -> Option<bool> {
        self.evidence
    }

    /// Whether the reply that is awaited says which process this is.
    #[must_use]
    pub fn asks_who_we_are(&self) -> bool {
        self.stage == Stage::Current
    }

    /// Go on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Look {
        match self.stage {
            Stage::Stat => self.looked(reply),
            Stage::Open => self.opened(reply),
            Stage::Read => self.read(reply),
            Stage::Unread => self.identified(reply),
            Stage::Left => self.left(reply),
            Stage::StatOpen => self.looked_again(reply),
            Stage::Current => {
                let evidence = matches!(reply, Reply::Maker(maker) if maker.evidence);
                self.evidence = Some(evidence);
                self.search_beside_one_link(evidence)
            }
            Stage::Identify => match reply {
                Reply::Identity(Some(identity)) => self.compare(identity),
                _ => self.next_candidate(),
            },
            Stage::List => match self.listing.take(reply) {
                Ok(missed) => {
                    let missed = missed.map(|code| (Operation::List, code));
                    self.found.missed = self.found.missed.or(missed);
                    self.next_candidate()
                }
                Err(code) => self.give_up(code),
            },
            Stage::Candidate => self.compared(reply),
            Stage::Ask => self.judged(reply),
        }
    }

    fn call(&mut self, stage: Stage, call: Call) -> Look {
        self.stage = stage;
        Look::Call(call)
    }

    fn looked(&mut self, reply: Reply) -> Look {
        // Before the file is opened: opening a FIFO would wait for a writer for ever.
        match reply.stat() {
            Err(ErrorCode::NoEntry) => Look::End(Seen::Gone),
            Err(code) => Look::End(Seen::Failed(Operation::Stat, code)),
            Ok(stat) => match not_a_lock(&stat) {
                Some(what) => Look::End(Seen::NotALock(what)),
                None => {
                    self.found.stat = stat;
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
            Err(ErrorCode::NoEntry) => Look::End(Seen::Gone),
            // It was a regular file a moment ago; a symbolic link is never followed.
            Err(ErrorCode::Loop) => {
                Look::End(Seen::NotALock(NotALock::Kind(DescriptorType::SymbolicLink)))
            }
            // Another user's, which that one alone may read. Which file it is can be seen all the same.
            Err(code @ (ErrorCode::Access | ErrorCode::NotPermitted)) => {
                self.denied = Some(code);
                self.found.unread = true;
                let name = Name::Level(self.level);
                self.call(Stage::Unread, Call::Id { name })
            }
            Err(code) => Look::End(Seen::Failed(Operation::Open, code)),
        }
    }

    // several users: a file that may not be opened

    /// Its claim names its owner. Neither its content nor its evidence can be seen, so nothing that is found here ever frees
    /// it: the answer is whether there is an owner to wait for.
    fn identified(&mut self, reply: Reply) -> Look {
        match reply.id() {
            Ok(id) => {
                self.found.id = id;
                self.next_candidate()
            }
            Err(ErrorCode::NoEntry) => Look::End(Seen::Gone),
            Err(_) => self.denied(),
        }
    }

    fn ask_unread(&mut self) -> Look {
        match self.found.claim {
            Some(maker) => self.call(Stage::Ask, Call::AskUnread { maker }),
            // Another program's, or one that was made without hard links: its owner may live.
            None => self.unnamed(),
        }
    }

    /// The host has answered about its maker.
    fn judged_unread(&mut self) -> Look {
        match self.found.is_dead() {
            // It may have released the lock, and ended, in between.
            Some(_) => {
                let name = Name::Level(self.level);
                self.call(Stage::Left, Call::Id { name })
            }
            None => Look::End(Seen::File),
        }
    }

    fn left(&mut self, reply: Reply) -> Look {
        match reply.id() {
            Err(ErrorCode::NoEntry) => Look::End(Seen::Gone),
            Ok(id) if id != self.found.id => self.unnamed(),
            // The dead do nothing any more, so it stays until a user who may judge it removes it.
            _ => self.denied(),
        }
    }

    fn unnamed(&mut self) -> Look {
        self.found.claim = None;
        self.found.liveness = Liveness::Unknown(UnknownReason::Unreadable);
        Look::End(Seen::File)
    }

    fn denied(&mut self) -> Look {
        let code = self.denied.unwrap_or(ErrorCode::Access);
        self.found = Found::NOTHING;
        Look::End(Seen::Failed(Operation::Open, code))
    }

    fn read(&mut self, reply: Reply) -> Look {
        match reply {
            Reply::Bytes(bytes) if bytes.len() > LONGEST => {
                Look::End(Seen::NotALock(NotALock::Size(bytes.len() as u64)))
            }
            Reply::Bytes(bytes) => {
                self.found.pid = parse_pid(&bytes);
                self.numbers = other_numbers(&bytes);
                self.numbers.reverse();
                // Only now: what was read belongs to a size and a time that are seen afterwards. If they are the same
                // on a later visit, then nothing was written between the two.
                self.call(Stage::StatOpen, Call::StatOpen)
            }
            other => Look::End(Seen::Failed(Operation::Read, other.failure())),
        }
    }

    fn looked_again(&mut self, reply: Reply) -> Look {
        let stat = match reply.stat() {
            Ok(stat) => stat,
            Err(code) => return Look::End(Seen::Failed(Operation::Stat, code)),
        };
        if let Some(what) = not_a_lock(&stat) {
            return Look::End(Seen::NotALock(what));
        }
        self.found.stat = stat;
        match (stat.links, self.evidence) {
            // A claim is a second name of this file.
            (2.., _) => self.search(),
            (_, Some(evidence)) => self.search_beside_one_link(evidence),
            (_, None) => self.call(Stage::Current, Call::Current { attempt: 0 }),
        }
    }

    /// The file seems to have one name only: then it has no claim, or the owner is just releasing. The pid alone decides,
    /// and if that means death, the name is looked at again before it is removed.
    ///
    /// Only where one kernel has the whole file system is that count believed. Elsewhere (FUSE, network) it may be made up,
    /// cached or not kept at all, and a claim that is not looked for is an owner judged by its pid alone.
    fn search_beside_one_link(&mut self, evidence: bool) -> Look {
        if evidence { self.ask() } else { self.search() }
    }

    /// Looks for the claim that is this file: first where the pid's owner would have it, then in the directory.
    fn search(&mut self) -> Look {
        match self.found.pid {
            Some(pid) => self.call(Stage::Identify, Call::Identify { pid }),
            None => self.next_candidate(),
        }
    }

    fn next_candidate(&mut self) -> Look {
        match self.listing.next(PARTS) {
            Entry::Claim(identity) => self.compare(identity),
            Entry::Part(call) => self.call(Stage::List, call),
            Entry::CutShort => self.give_up(ErrorCode::Overflow),
            Entry::End if self.listings == LISTINGS => self.ask(),
            Entry::End => {
                self.listings += 1;
                // What the last listing missed, this one may show.
                self.found.missed = None;
                let call = self.listing.begin();
                self.call(Stage::List, call)
            }
        }
    }

    /// The search ends before the directory does.
    fn give_up(&mut self, code: ErrorCode) -> Look {
        self.found.missed = Some((Operation::List, code));
        self.ask()
    }

    fn compare(&mut self, candidate: Identity) -> Look {
        self.candidate = Some(candidate);
        let name = Name::Claim(candidate);
        self.call(Stage::Candidate, Call::Id { name })
    }

    fn compared(&mut self, reply: Reply) -> Look {
        match reply.id() {
            Ok(id) if id == self.found.id => {
                self.found.claim = self.candidate;
                self.found.missed = None;
                self.ask()
            }
            Ok(_) | Err(ErrorCode::NoEntry) => self.next_candidate(),
            // It may be the claim.
            Err(code) => {
                self.found.missed = Some((Operation::Stat, code));
                self.next_candidate()
            }
        }
    }

    fn ask(&mut self) -> Look {
        if self.found.unread {
            return self.ask_unread();
        }
        let owner = match (self.found.claim, self.found.pid) {
            (Some(identity), _) => Owner::Maker(identity),
            (None, Some(pid)) => Owner::Pid(pid),
            (None, None) => {
                self.number = self.numbers.pop();
                self.number.map_or(Owner::Nobody, Owner::Pid)
            }
        };
        self.call(Stage::Ask, Call::Ask { owner })
    }

    fn judged(&mut self, reply: Reply) -> Look {
        self.found.liveness = match reply {
            Reply::Liveness(liveness) => liveness,
            _ => Found::NOTHING.liveness,
        };
        if self.found.unread {
            return self.judged_unread();
        }
        match (self.number.take(), self.found.liveness) {
            // It is not the owner that lives, if it was ever the owner. The next number may be.
            (Some(_), Liveness::Dead(_)) => return self.ask(),
            // Which process the kernel keeps the file locked for, no number in it says.
            (None, _) | (Some(_), Liveness::Alive(AliveReason::Evidence)) => {}
            (number, Liveness::Alive(AliveReason::Exists)) => {
                self.found.pid = number;
                self.found.liveness = Liveness::Unknown(UnknownReason::Unreadable);
            }
            (number, _) => self.found.pid = number,
        }
        Look::End(match (self.found.missed, self.found.is_dead()) {
            // Nobody has that pid, or there is none; but the claim that was not seen may name one that lives.
            (Some((operation, code)), Some(_)) => Seen::Failed(operation, code),
            _ => Seen::File,
        })
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
