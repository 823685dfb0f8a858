//! The search for claims that dead makers have left and that no name needs any more.
//!
//! A dead maker cannot use its claim's name again, so any process that knows its maker dead may remove a claim. But a
//! claim that is also the file at some level stays: it distinguishes that file's owner from the process that has the
//! pid next. After a crash between linking a name and dropping the one above it, one claim is the identity of two.
//!
//! A sweep is bounded in work and in memory, however much there is to sweep. It examines each of the first claims that
//! it finds, and fewer and fewer of the further ones. The choice among these differs each time, so that claims that
//! cannot be removed do not hide others for good.

use alloc::vec::Vec;

use super::{
    listing::{Entry, Listing},
    outcome::{Failure, Operation},
    settle::is_old,
};
use crate::{
    call::{Call, FileId, Owner, Reply},
    facts::{Datetime, DeadReason, DescriptorType, ErrorCode, Liveness},
    names::{DEEPEST, Identity, Name},
};

/// How many claims are examined before only half as many of the further ones are.
const LOOKS: u32 = 512;

/// How many parts of the directory's listing are read after the first: a million claims, or 16 million other entries.
const PARTS: u32 = 1 << 14;

/// How many claims are found to be dead before they are removed.
const FULL: usize = 64;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    #[default]
    List,
    Stat,
    Open,
    StatOpen,
    Ask,
    /// Our claim gives the time: for the choice among further claims, or for the age of an empty one.
    Time,
    Age,
    /// How many names has the claim that is open, and that no kernel keeps locked?
    Links,
    Level(u8),
    Compare,
    Remove,
}

/// A claim that is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Claim {
    identity: Identity,
    file: FileId,
    /// Whether it has no content.
    empty: bool,
    modified: Option<Datetime>,
}

/// A sweep under way, and its result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sweep {
    stage: Stage,
    own: Option<Identity>,
    /// The time of our claim, once asked for.
    born: Option<Option<Datetime>>,
    listing: Listing,
    /// How many claims the listing has shown, and how many of them were examined.
    shown: u32,
    looks: u32,
    claim: Option<Claim>,
    dead: Vec<(Identity, FileId)>,
    /// Whether the listing is over: only removals are left.
    listed: bool,
    /// Whether a claim was found dead since the listing began: it may have been at a level that was not there before.
    found: bool,
    /// Whether reclaim locks may be left over in the directory.
    pub reclaims: bool,
    /// The first failure.
    pub failure: Option<Failure>,
    /// Whether claims were not examined, since there were too many.
    pub partial: bool,
}

impl Sweep {
    /// Begins, for the owner with this identity. Only an owner sweeps. Beside an owner, a claim that is at no name
    /// cannot get one. So the sweep never removes the claim of a process that came to life after it was judged.
    ///
    /// `born` is the time of our claim, if that was asked before. `dead` are claims whose makers are known to be dead:
    /// their files were replaced. `evidence` is whether a kernel keeps evidence here. It alone has the directory then, and
    /// lists all of it; a listing from elsewhere may be old.
    pub fn begin(
        &mut self,
        own: Option<Identity>,
        born: Option<Option<Datetime>>,
        dead: Vec<(Identity, FileId)>,
        evidence: bool,
    ) -> Call {
        *self = Self {
            own,
            born,
            dead,
            reclaims: !evidence,
            ..Self::default()
        };
        self.listing.begin()
    }

    /// Begins to remove only these claims, whose makers are known to be dead.
    pub fn bury(&mut self, dead: Vec<(Identity, FileId)>) -> Option<Call> {
        *self = Self {
            dead,
            ..Self::default()
        };
        self.look_at_level(0)
    }

    /// Goes on with the reply to the last call. Returns `None` once it is over.
    pub fn reply(&mut self, reply: Reply) -> Option<Call> {
        match self.stage {
            Stage::List => match self.listing.take(reply) {
                Ok(_) => self.next_claim(),
                Err(code) => {
                    self.fail(Operation::List, None, code);
                    self.reclaims = true;
                    self.end_listing()
                }
            },
            // Examined before it is opened, since to open a FIFO would block the sweep for ever.
            Stage::Stat => match reply.stat() {
                Ok(stat) if stat.kind == DescriptorType::RegularFile => {
                    let name = Name::Claim(self.claim?.identity);
                    self.call(Stage::Open, Call::Open { name })
                }
                _ => self.next_claim(),
            },
            Stage::Open => match reply.id() {
                Ok(id) => {
                    self.claim.as_mut()?.file = id;
                    self.call(Stage::StatOpen, Call::StatOpen)
                }
                // A lease interferes, for which the host has already waited. Other leases may block further claims.
                Err(ErrorCode::WouldBlock) => self.cut_listing_short(),
                Err(_) => self.next_claim(),
            },
            Stage::StatOpen => match reply.stat() {
                Ok(stat) => {
                    let claim = self.claim.as_mut()?;
                    claim.empty = stat.size == 0;
                    claim.modified = stat.modified;
                    let owner = Owner::Maker(claim.identity);
                    self.call(Stage::Ask, Call::Ask { owner })
                }
                Err(_) => self.next_claim(),
            },
            Stage::Ask => self.judged(reply),
            Stage::Time => {
                self.is_born(reply);
                self.next_claim()
            }
            Stage::Age => {
                self.is_born(reply);
                self.judge_by_age()
            }
            // No name but the claim's, so none at a level.
            Stage::Links => match reply.stat() {
                Ok(stat) if stat.links <= 1 => self.next_removal(),
                _ => self.look_at_level(0),
            },
            Stage::Level(level) => {
                // Only after all makers were found dead: a living one could still have linked its claim to a level.
                match reply.id() {
                    // Such a claim stays.
                    Ok(named) => self.dead.retain(|(_, id)| *id != named),
                    Err(ErrorCode::NoEntry) => {}
                    Err(code) => {
                        self.fail(Operation::Stat, Some(Name::Level(level)), code);
                        return None;
                    }
                }
                self.look_at_level(level + 1)
            }
            // The name may be another file's by now, if a user's word made its maker count as dead.
            Stage::Compare => match (reply.id(), self.dead.pop()) {
                (Ok(found), Some((identity, id))) if found == id => {
                    let name = Name::Claim(identity);
                    self.claim = Some(Claim::of(identity));
                    self.call(Stage::Remove, Call::Unlink { name })
                }
                _ => self.next_removal(),
            },
            Stage::Remove => {
                match reply.done() {
                    Ok(()) | Err(ErrorCode::NoEntry) => {}
                    Err(code) => {
                        let name = self.claim.map(|claim| Name::Claim(claim.identity));
                        self.fail(Operation::Remove, name, code);
                    }
                }
                self.next_removal()
            }
        }
    }

    fn judged(&mut self, reply: Reply) -> Option<Call> {
        let (Reply::Liveness(Liveness::Dead(reason)), Some(claim)) = (reply, self.claim) else {
            return self.next_claim();
        };
        match reason {
            // A maker creates its claim, then gets evidence, then writes its pid. This one may be between these steps,
            // unless its claim is old.
            DeadReason::EvidenceGone if claim.empty && self.born.is_none() => {
                self.call(Stage::Age, Call::StatClaim)
            }
            DeadReason::EvidenceGone if claim.empty => self.judge_by_age(),
            DeadReason::EvidenceGone => self.remove_open(claim),
            _ => {
                self.find(claim);
                self.next_claim()
            }
        }
    }

    /// Judges an empty claim that no kernel keeps locked. It is removed once it has settled: once it is more than a
    /// minute older than ours. (Its name identifies its maker, so there is no other program to wait for.)
    ///
    /// Its maker may still live, stopped between creating and guarding it. When it goes on, it makes another claim,
    /// even if it has guarded this one meanwhile: link(2) fails for a claim whose name is gone.
    fn judge_by_age(&mut self) -> Option<Call> {
        match self.claim {
            Some(claim) if is_old(claim.modified, self.born.flatten()) => self.remove_open(claim),
            _ => self.next_claim(),
        }
    }

    /// Removes the claim that is open, before another is opened.
    ///
    /// Missing evidence shows that the claim is dead, but not that its maker is. The maker may have given the claim up
    /// a moment ago, and use its name again. While the file is open it keeps its inode number, so no later file of that
    /// name can be confused with it.
    ///
    /// A kernel that keeps evidence counts the names of a file. So a claim with one name is at no level. It is counted only
    /// after the judgement, since a living maker could still have linked it. Claims that were found dead before go with it,
    /// and nothing is known of their names.
    fn remove_open(&mut self, claim: Claim) -> Option<Call> {
        let alone = self.dead.is_empty();
        self.find(claim);
        if alone {
            return self.call(Stage::Links, Call::StatOpen);
        }
        self.look_at_level(0)
    }

    fn find(&mut self, claim: Claim) {
        self.found = true;
        self.dead.push((claim.identity, claim.file));
    }

    fn is_born(&mut self, reply: Reply) {
        self.born = Some(reply.stat().ok().and_then(|stat| stat.modified));
    }

    fn call(&mut self, stage: Stage, call: Call) -> Option<Call> {
        self.stage = stage;
        Some(call)
    }

    fn fail(&mut self, operation: Operation, name: Option<Name>, code: ErrorCode) {
        self.failure.get_or_insert(Failure {
            operation,
            name,
            code,
        });
    }

    fn next_claim(&mut self) -> Option<Call> {
        if self.dead.len() >= FULL || self.listed {
            return self.remove_dead();
        }
        if self.looks == LOOKS && self.born.is_none() {
            return self.call(Stage::Time, Call::StatClaim);
        }
        loop {
            match self.listing.next(PARTS) {
                // Its maker is dead, and it is removed with the others.
                Entry::Claim(identity) if self.dead.iter().any(|(it, _)| *it == identity) => {}
                Entry::Claim(identity) if Some(identity) == self.own || !self.is_chosen() => {}
                Entry::Claim(identity) => {
                    self.claim = Some(Claim::of(identity));
                    let name = Name::Claim(identity);
                    return self.call(Stage::Stat, Call::Stat { name });
                }
                Entry::Part(call) => return self.call(Stage::List, call),
                Entry::CutShort => return self.cut_listing_short(),
                Entry::End => {
                    self.reclaims |= self.listing.reclaims;
                    return self.end_listing();
                }
            }
        }
    }

    /// Returns whether the sweep examines the claim that the listing shows next. It examines each of the first
    /// [`LOOKS`], then half of the claims until it has examined as many again, then a quarter, and so on.
    fn is_chosen(&mut self) -> bool {
        let every = 1_u32.checked_shl(self.looks / LOOKS).unwrap_or(u32::MAX);
        // The time of our own claim: different each time, and all that a component without random numbers has.
        let born = self.born.flatten();
        let choice = born.map_or(0, |time| (time.nanoseconds / 1_000) ^ (time.seconds as u32));
        let chosen = self.shown % every == choice % every;
        self.shown = self.shown.wrapping_add(1);
        self.looks += u32::from(chosen);
        self.partial |= !chosen;
        chosen
    }

    fn cut_listing_short(&mut self) -> Option<Call> {
        self.partial = true;
        self.reclaims = true;
        self.end_listing()
    }

    fn end_listing(&mut self) -> Option<Call> {
        self.listed = true;
        self.remove_dead()
    }

    fn remove_dead(&mut self) -> Option<Call> {
        if self.dead.is_empty() {
            return None;
        }
        // All of them were dead before the listing began, which would have shown the level at which one of them is.
        if self.listed && !self.reclaims && !self.found {
            return self.next_removal();
        }
        self.look_at_level(0)
    }

    fn look_at_level(&mut self, level: u8) -> Option<Call> {
        if level > DEEPEST {
            return self.next_removal();
        }
        let name = Name::Level(level);
        self.call(Stage::Level(level), Call::Id { name })
    }

    fn next_removal(&mut self) -> Option<Call> {
        match self.dead.last() {
            Some((identity, _)) => {
                let name = Name::Claim(*identity);
                self.call(Stage::Compare, Call::Id { name })
            }
            None => self.next_claim(),
        }
    }
}

impl Claim {
    fn of(identity: Identity) -> Self {
        Self {
            identity,
            file: FileId::default(),
            empty: false,
            modified: None,
        }
    }
}

#[cfg(test)]
mod tests;
