//! The examination of one lock file: its content, its claim, and whether its owner lives.
//!
//! Nothing is written, and all of it may have changed by the time it is known. The machine decides what follows from
//! it.

use alloc::{string::String, vec::Vec};

use super::{
    listing::{Entry, Listing},
    outcome::{NotALock, Operation},
};
use crate::{
    call::{Call, FileId, FileStat, Known, Next, Owner, Reply},
    facts::{AliveReason, DeadReason, DescriptorType, ErrorCode, Liveness, UnknownReason},
    names::{Identity, LONGEST, Name, bare_identity, other_numbers, parse_pid},
};

/// How often a directory is listed for a claim before a file counts as one without. A listing may be stale, or the
/// directory may have changed meanwhile.
const LISTINGS: u8 = 2;

/// How many parts of a listing are read, in case a file system lists without end: hundreds of millions of entries.
const PARTS: u32 = 1 << 20;

/// A lock file, as examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// The file's id. The file is still open, so no other file has this id.
    pub id: FileId,
    /// Its status after it was read.
    pub stat: FileStat,
    /// The pid in it. In a file that holds more than a pid, a number that may be the owner's.
    pub pid: Option<u32>,
    /// The identity in the claim that is the same file.
    pub claim: Option<Identity>,
    /// The failure in the search for that claim. The claim may exist although it was not found.
    pub missed: Option<(Operation, ErrorCode)>,
    /// The host's answer about its owner.
    pub liveness: Liveness,
    /// Whether it may not be opened. Then it was neither read nor asked for evidence, and its id may be another file's
    /// by now.
    pub unread: bool,
}

impl Found {
    /// A file about which nothing is known yet.
    pub(super) const NOTHING: Self = Self {
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

    /// Returns whether the file names no owner.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.pid.is_none() && self.claim.is_none() && !self.unread
    }

    /// Returns the reason why the host reports its owner dead, if it does.
    #[must_use]
    pub fn is_dead(&self) -> Option<DeadReason> {
        match self.liveness {
            Liveness::Dead(reason) => Some(reason),
            Liveness::Alive(_) | Liveness::Unknown(_) => None,
        }
    }

    /// Returns the owner as messages and `assume-dead` name it.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        match (&self.claim, self.pid) {
            (Some(identity), _) => Some(identity.as_str().into()),
            // Not the pid: the file may have a claim, and then the claim names the owner.
            (None, _) if self.missed.is_some() => None,
            (None, pid) => pid.map(|pid| bare_identity(pid, self.stat.modified)),
        }
    }
}

/// The result of an examination of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// No file has the name.
    Gone,
    /// A lock file: [`Examine::found`].
    File,
    /// Something that is not a lock file.
    NotALock(NotALock),
    /// It could not be examined.
    Failed(Operation, ErrorCode),
}

/// The next action of an examination.
type Look = Next<Seen>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Stat,
    Open,
    Read,
    /// protocol.md#judge-5: the file may not be opened. Which file is it?
    Unread,
    /// … and once its maker is dead, does the file still stand?
    Left,
    StatOpen,
    Current,
    /// protocol.md#find-5: the file has more than one link, and no claim was found. Does a kernel count links here?
    Counted,
    Identify,
    List,
    Candidate,
    Ask,
}

/// An examination of one file, under way or over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Examine {
    level: u8,
    /// Whether a kernel keeps evidence here, and so counts links: `None` until the host was asked.
    evidence: Option<bool>,
    stage: Stage,
    found: Found,
    /// Why the file may not be opened, if it may not.
    denied: Option<ErrorCode>,
    /// The numbers in a file that holds more than a pid about which the host was not asked yet, the first one last.
    numbers: Vec<u32>,
    /// The number about which the host is asked.
    number: Option<u32>,
    candidate: Option<Identity>,
    listing: Listing,
    /// How often the directory was listed.
    listings: u8,
}

#[cfg(test)]
impl Examine {
    /// Returns an examination that has found this.
    pub(super) fn that_found(found: Found) -> Self {
        Self {
            found,
            ..Self::default()
        }
    }
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
    /// Begins to examine the lock file of a level. `evidence` is the host's answer about the directory, if it was
    /// asked. Otherwise it is asked with [`Call::Current`] where the answer matters.
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

    /// Returns the file that was examined last.
    #[must_use]
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// Returns whether a kernel keeps evidence here, once the host was asked.
    #[must_use]
    pub fn evidence(&self) -> Option<bool> {
        self.evidence
    }

    /// Returns whether the next reply identifies this process. A host may answer any question with a maker.
    #[must_use]
    pub fn asks_who_we_are(&self) -> bool {
        matches!(self.stage, Stage::Current | Stage::Counted)
    }

    /// Goes on with the reply to the last call.
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
            Stage::Counted => {
                let evidence = matches!(reply, Reply::Maker(maker) if maker.evidence);
                self.evidence = Some(evidence);
                self.unclaimed()
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
        // Before the file is opened: to open a FIFO would wait for a writer without end.
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
            // It was a regular file before; a symbolic link is never followed.
            Err(ErrorCode::Loop) => {
                Look::End(Seen::NotALock(NotALock::Kind(DescriptorType::SymbolicLink)))
            }
            // Another user's file, which only that user may read. Its id can be read all the same. With leases, Linux opens no
            // second name of a file that it has open on an SMB share, such as the claim of an owner.
            Err(code @ (ErrorCode::Access | ErrorCode::NotPermitted | ErrorCode::Invalid)) => {
                self.denied = Some(code);
                self.found.unread = true;
                let name = Name::Level(self.level);
                self.call(Stage::Unread, Call::Id { name })
            }
            Err(code) => Look::End(Seen::Failed(Operation::Open, code)),
        }
    }

    // several users: a file that may not be opened

    /// Searches for the claim, which names the owner. The file's content and evidence cannot be seen, so nothing found
    /// here ever frees it. The result is whether there is an owner to wait for.
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
            // Another program's file, or one that was made without hard links: its owner may live.
            None => self.unnamed(),
        }
    }

    /// Takes the host's answer about the file's maker.
    fn judged_unread(&mut self) -> Look {
        match self.found.is_dead() {
            // The maker may have released the lock meanwhile, and ended.
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
            // The client of an SMB share keeps a file open for a while after its owner has ended.
            _ if self.denied == Some(ErrorCode::Invalid) => self.unnamed(),
            // A dead owner does nothing any more, so the file stays until a user who may judge it removes it.
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
                // Only now: the size and time that belong to the content are those seen after it was read. If they are
                // the same on a later visit, no process wrote between the two.
                self.call(Stage::StatOpen, Call::StatOpen)
            }
            other => vanished_or_failed(Operation::Read, other.failure()),
        }
    }

    fn looked_again(&mut self, reply: Reply) -> Look {
        let mut stat = match reply.stat() {
            Ok(stat) => stat,
            Err(code) => return vanished_or_failed(Operation::Stat, code),
        };
        if let Some(what) = not_a_lock(&stat) {
            return Look::End(Seen::NotALock(what));
        }
        // A client of SMB shows one name for each file that it opens.
        stat.links = stat.links.max(self.found.stat.links);
        self.found.stat = stat;
        match (stat.links, self.evidence) {
            // A claim is a second name of this file.
            (2.., _) => self.search(),
            (_, Some(evidence)) => self.search_beside_one_link(evidence),
            (_, None) => self.call(Stage::Current, Call::Current { attempt: 0 }),
        }
    }

    /// Judges a file that seems to have one name only: it has no claim, or the owner is just releasing. The pid alone
    /// decides. If it means death, the name is examined again before it is removed.
    ///
    /// The count is trusted only where one kernel has the whole file system. Elsewhere (FUSE, network) it may be
    /// invented, cached or not kept at all. An owner whose claim is not searched for would be judged by its pid alone.
    fn search_beside_one_link(&mut self, evidence: bool) -> Look {
        if evidence { self.ask() } else { self.search() }
    }

    /// Searches for the claim that is this file: first where the pid's owner would have it, then in the directory.
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
            Entry::End if self.listings == LISTINGS => self.unclaimed(),
            Entry::End => {
                self.listings += 1;
                // This listing may show what the last one missed.
                self.found.missed = None;
                let call = self.listing.begin();
                self.call(Stage::List, call)
            }
        }
    }

    /// Judges a file that has no claim.
    ///
    /// Off the file systems of a single kernel, one that has a further link may be the lock of an owner on another machine
    /// whose claim this one does not see. Its pid means nothing here.
    fn unclaimed(&mut self) -> Look {
        // After a gap in the search no answer means death in any case, and neither for a file that was not read.
        if self.found.unread || self.found.missed.is_some() {
            return self.ask();
        }
        match (self.found.stat.links, self.evidence) {
            (2.., None) => self.call(Stage::Counted, Call::Current { attempt: 0 }),
            (2.., Some(false)) => self.unnamed(),
            _ => self.ask(),
        }
    }

    /// Ends the search before the end of the directory.
    fn give_up(&mut self, code: ErrorCode) -> Look {
        self.found.missed = Some((Operation::List, code));
        self.ask()
    }

    fn compare(&mut self, candidate: Identity) -> Look {
        self.candidate = Some(candidate);
        let name = Name::Claim(candidate);
        // As long as this is unknown, the examination can refuse an attempt, and removes nothing. The claim of a file that
        // may not be opened may not be opened either, and never frees it.
        let by_name = self.evidence.unwrap_or(true) || self.found.unread;
        let call = Call::compare(name, self.found.id, Known::Open, by_name);
        self.call(Stage::Candidate, call)
    }

    fn compared(&mut self, reply: Reply) -> Look {
        // The lock file's number is a removed file's, and its own claim cannot be found by that number.
        if reply == Reply::Differs {
            return self.unnamed();
        }
        match reply.id() {
            Ok(id) if id == self.found.id => {
                self.found.claim = self.candidate;
                self.found.missed = None;
                self.ask()
            }
            Ok(_) | Err(ErrorCode::NoEntry) => self.next_candidate(),
            // The candidate may be the claim.
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
            // The process with this number is not a living owner, if it ever was the owner. The next number may be.
            (Some(_), Liveness::Dead(_)) => return self.ask(),
            // The kernel keeps the file locked for a process that no number in the file identifies.
            (None, _) | (Some(_), Liveness::Alive(AliveReason::Evidence)) => {}
            (number, Liveness::Alive(AliveReason::Exists)) => {
                self.found.pid = number;
                self.found.liveness = Liveness::Unknown(UnknownReason::Unreadable);
            }
            (number, _) => self.found.pid = number,
        }
        Look::End(match (self.found.missed, self.found.is_dead()) {
            // No process has that pid, or there is none; but the claim that was not found may name an owner that lives.
            (Some((operation, code)), Some(_)) => Seen::Failed(operation, code),
            _ => Seen::File,
        })
    }
}

/// protocol.md#judge-3: an open file whose last name another machine has removed is gone on a network file system. Nothing
/// follows for the name, which may be another file's by now: link(2) decides about it.
fn vanished_or_failed(operation: Operation, code: ErrorCode) -> Look {
    Look::End(match code {
        ErrorCode::NoEntry => Seen::Gone,
        code => Seen::Failed(operation, code),
    })
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
