//! The restoration of a lock file that was removed under its owner.
//!
//! Only an owner puts its file back, and never once its release has begun. It compares its claim with the file that it
//! has open, then links the claim to the lock's name. It never renames, since a rename replaces what stands there. It
//! never links from the lock's name, since that may be another file's by then. The rest is as after any direct link:
//! the owner waits for a reclaim beside the file to end, and compares the name.
//!
//! One rule is stricter than for an attempt: the owner waits for a living process at the reclaim lock even if it has a
//! claim. Such a process compares the lock file before it removes it. Between the two, it relies on a dead owner's file
//! to keep the name occupied. A removal by accident frees the name, so the owner's link may come in between.
//!
//! A claim that is missing beside the lock file gets its name again. Without it, the lock is judged by its pid alone
//! where the kernel keeps no evidence.
//!
//! Any other file at the name means that the lock is lost for good: another process had the directory.

use super::{
    Machine, State,
    examine::{Examine, Seen},
    give_up::Levels,
    outcome::Operation,
};
use crate::{
    call::{Call, FileId, Known, Maker, Next, Ours, Reply},
    facts::ErrorCode,
    names::Name,
};

/// How long the owner waits for a reclaim, in milliseconds of the host's clock.
const RECLAIM: u64 = 2_000;

/// The pause between two checks, in milliseconds.
const PAUSE: u32 = 20;

/// How often a probe may keep a new claim from being guarded.
const PROBES: u8 = 100;

const LOCK: Name = Name::Level(0);

/// The result of putting a lock file back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Restored {
    /// The file at the lock's name is this lock's own. Nothing was changed.
    Intact,
    /// The lock file is in its place. Its claim was missing, and has its name again.
    Claim,
    /// The lock file was missing. Its claim has been linked to the name again.
    Linked,
    /// The lock file and its claim were missing. Both have been made again.
    Anew,
}

/// Why a lock file was not put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unrestored {
    /// The lock is lost for good.
    Lost,
    /// Not yet: the caller has to try again in this many milliseconds.
    Again(u32),
    /// An operation failed. A later call goes on from there.
    Failed(Operation, ErrorCode),
}

/// The outcome of putting the file back.
pub type Outcome = Result<Restored, Unrestored>;

/// The reply that is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// None: the next call checks the lock's name.
    Begin,
    /// protocol.md#restore-1: which file is the lock file?
    Compare,
    /// … the lock file stands: which file is its claim?
    CompareBeside,
    /// … the claim is missing, and gets its name again.
    LinkBeside,
    /// protocol.md#restore-2: the reclaim lock is examined while the lock file is missing.
    LookBefore,
    /// protocol.md#restore-3: which file is the claim?
    CompareClaim,
    /// … the claim is missing too, and is made again.
    Create,
    /// … and guarded, after this many probes have interfered.
    Guard(u8),
    /// … and written.
    Write,
    /// protocol.md#restore-4: the claim is linked to the lock's name …
    Link,
    /// … and the call was answered with this code, or done: which file is the lock file?
    CompareLinked(Option<ErrorCode>),
    /// protocol.md#restore-5: the reclaim lock is examined beside the file that was put back.
    LookAfter,
    /// protocol.md#restore-6: which file is the lock file?
    Verify,
    /// None: the file is linked, and the reclaim lock is examined again.
    Waiting,
    /// None: the lock is lost for good.
    Lost,
}

/// A lock file that is put back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Restore {
    /// The owner. `None` where files are made in place: there is no claim to link.
    maker: Option<Maker>,
    /// Our claim.
    own: FileId,
    /// Whether the claim was made again.
    anew: bool,
    /// Whether it was linked to the lock's name. Another process may then be about to remove the file with that name.
    linked: bool,
    stage: Stage,
    examine: Examine,
    now: u64,
    /// Since when the owner waits for a reclaim; the inner value is set when the wait goes on.
    since: Option<Option<u64>>,
}

impl Restore {
    fn new(maker: Option<Maker>, own: FileId) -> Self {
        Self {
            maker,
            own,
            anew: false,
            linked: false,
            stage: Stage::Begin,
            examine: Examine::default(),
            now: 0,
            since: None,
        }
    }

    /// Returns our claim, which may be another file than before.
    #[must_use]
    pub fn own(&self) -> FileId {
        self.own
    }

    /// Returns whether the lock is lost for good.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.stage == Stage::Lost
    }

    /// Returns whether this has to go on to its end: the lock is lost, or a file was linked that another process may
    /// remove.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.linked || self.is_lost()
    }

    /// Begins, or goes on after [`Unrestored::Again`] or [`Unrestored::Failed`]. `elapsed` is the time since it began,
    /// in milliseconds.
    pub fn start(&mut self, elapsed: u64) -> Next<Outcome> {
        self.now = self.now.max(elapsed);
        if let Some(since) = &mut self.since {
            since.get_or_insert(self.now);
        }
        match self.stage {
            Stage::Lost => self.lost(),
            Stage::Waiting => self.look_at_reclaim(Stage::LookAfter),
            _ => self.compare(Stage::Compare),
        }
    }

    /// Goes on with the reply to the last call.
    pub fn reply(&mut self, reply: Reply) -> Next<Outcome> {
        match self.stage {
            Stage::Compare => self.compared(reply.id()),
            Stage::CompareBeside => self.claim_seen(reply.id()),
            Stage::LinkBeside => self.end(match reply.done() {
                Ok(()) => Restored::Claim,
                // The lock is judged without its claim, as before.
                Err(_) => Restored::Intact,
            }),
            Stage::LookBefore | Stage::LookAfter => match self.examine.reply(reply) {
                Next::Call(call) => Next::Call(call),
                Next::End(seen) if self.stage == Stage::LookBefore => self.reclaim_seen(seen),
                Next::End(seen) => self.other_seen(seen),
            },
            Stage::CompareClaim => self.claim_compared(reply.id()),
            Stage::Create => self.created(reply.id()),
            Stage::Guard(probed) => self.guarded(probed, reply),
            Stage::Write => match reply.done() {
                Ok(()) => self.link(),
                // A claim without a pid is not linked, as one without evidence is not.
                Err(_) => self.lost(),
            },
            // Whatever the reply: over a network, the name may exist because of the very request that made it.
            Stage::Link => {
                let code = reply.done().err();
                self.compare(Stage::CompareLinked(code))
            }
            Stage::CompareLinked(code) => self.linked(code, reply.id()),
            Stage::Verify => self.verified(reply.id()),
            Stage::Begin | Stage::Waiting | Stage::Lost => self.lost(),
        }
    }

    fn call(&mut self, stage: Stage, call: Call) -> Next<Outcome> {
        self.stage = stage;
        Next::Call(call)
    }

    /// Compares the lock file with our own.
    fn compare(&mut self, stage: Stage) -> Next<Outcome> {
        let evidence = self.maker.is_some_and(|maker| maker.evidence);
        let names = self.maker.map_or(0, |_| 2);
        let call = Call::compare(LOCK, self.own, Known::Ours { names }, evidence);
        self.call(stage, call)
    }

    fn compared(&mut self, lock: Result<FileId, ErrorCode>) -> Next<Outcome> {
        match lock {
            Ok(id) if id == self.own && self.linked => self.look_at_reclaim(Stage::LookAfter),
            Ok(id) if id == self.own => match self.maker {
                Some(maker) => {
                    let name = Name::Claim(maker.identity);
                    self.call(Stage::CompareBeside, Call::Id { name })
                }
                None => self.end(Restored::Intact),
            },
            Err(ErrorCode::NoEntry) if self.maker.is_some() => {
                self.look_at_reclaim(Stage::LookBefore)
            }
            Ok(_) | Err(ErrorCode::NoEntry) => self.lost(),
            Err(code) => self.failed(Operation::Stat, code),
        }
    }

    /// Goes on where the lock file is ours. Had it been taken over, its claim would be missing on purpose. The open
    /// file gets the name. The lock's name is not linked, since it may be another file's by now.
    fn claim_seen(&mut self, claim: Result<FileId, ErrorCode>) -> Next<Outcome> {
        match (claim, self.maker) {
            (Err(ErrorCode::NoEntry), Some(maker)) => {
                let claim = maker.identity;
                self.call(Stage::LinkBeside, Call::LinkOpen { claim })
            }
            // The claim stands, another attempt of this process has the name, or it cannot be examined.
            _ => self.end(Restored::Intact),
        }
    }

    fn look_at_reclaim(&mut self, stage: Stage) -> Next<Outcome> {
        let evidence = self.maker.map(|maker| maker.evidence);
        let call = self.examine.begin(1, evidence);
        self.call(stage, call)
    }

    /// Goes on after the reclaim lock was examined while the lock file was missing. A living holder of the reclaim lock
    /// has then removed a dead owner's file: that owner had the lock meanwhile.
    fn reclaim_seen(&mut self, seen: Seen) -> Next<Outcome> {
        if seen == Seen::File && self.examine.found().is_dead().is_none() {
            return self.lost();
        }
        match self.maker {
            Some(maker) => {
                let name = Name::Claim(maker.identity);
                self.call(Stage::CompareClaim, Call::Id { name })
            }
            None => self.lost(),
        }
    }

    fn claim_compared(&mut self, claim: Result<FileId, ErrorCode>) -> Next<Outcome> {
        match (claim, self.maker) {
            (Ok(id), _) if id == self.own => self.link(),
            // Without evidence, a new file does not show in another PID namespace that its owner is alive. The old one
            // may have been judged there by its claim.
            (Err(ErrorCode::NoEntry), Some(maker)) if maker.evidence => {
                let claim = maker.identity;
                self.call(Stage::Create, Call::Create { claim })
            }
            // Another attempt of this process has the name, or there is no claim to link.
            (Ok(_) | Err(ErrorCode::NoEntry), _) => self.lost(),
            (Err(code), _) => self.failed(Operation::Stat, code),
        }
    }

    fn created(&mut self, claim: Result<FileId, ErrorCode>) -> Next<Outcome> {
        match claim {
            Ok(id) => {
                self.own = id;
                self.anew = true;
                self.guard(0)
            }
            Err(ErrorCode::Exist) => self.lost(),
            Err(code) => self.failed(Operation::Create, code),
        }
    }

    fn guard(&mut self, probed: u8) -> Next<Outcome> {
        let file = Ours::Claim;
        self.call(Stage::Guard(probed), Call::Guard { file })
    }

    fn guarded(&mut self, probed: u8, reply: Reply) -> Next<Outcome> {
        match (reply, self.maker) {
            (Reply::Done, Some(Maker { pid, .. })) => {
                let file = Ours::Claim;
                self.call(Stage::Write, Call::Write { file, pid })
            }
            (Reply::Probed, _) if probed < PROBES => self.guard(probed + 1),
            // A claim without evidence is not linked: the release removes it.
            _ => self.lost(),
        }
    }

    fn link(&mut self) -> Next<Outcome> {
        self.linked = true;
        self.call(Stage::Link, Call::Link { name: LOCK })
    }

    fn linked(
        &mut self,
        code: Option<ErrorCode>,
        lock: Result<FileId, ErrorCode>,
    ) -> Next<Outcome> {
        match (lock, code) {
            (Ok(id), _) if id == self.own => self.look_at_reclaim(Stage::LookAfter),
            // A client of a share may answer from its cache that the name exists.
            (Err(ErrorCode::NoEntry), Some(ErrorCode::Exist))
                if self.maker.is_some_and(|maker| !maker.evidence) =>
            {
                self.again(Stage::Begin)
            }
            (Ok(_), _) | (Err(ErrorCode::NoEntry), Some(ErrorCode::Exist)) => self.lost(),
            // The lock file was removed once more, or its claim was.
            (Err(ErrorCode::NoEntry), None | Some(ErrorCode::NoEntry)) => self.again(Stage::Begin),
            (Err(ErrorCode::NoEntry), Some(code)) => self.failed(Operation::Link, code),
            (Err(code), _) => self.failed(Operation::Stat, code),
        }
    }

    fn other_seen(&mut self, seen: Seen) -> Next<Outcome> {
        let is_malformed = self.examine.found().is_malformed();
        match seen {
            Seen::Gone | Seen::NotALock(_) => self.verify(),
            Seen::File if !is_malformed && self.examine.found().is_dead().is_some() => {
                self.verify()
            }
            Seen::File | Seen::Failed(..) => {
                let since = self.since.get_or_insert(None).unwrap_or(self.now);
                if self.now.saturating_sub(since) < RECLAIM {
                    self.again(Stage::Waiting)
                } else if seen == Seen::File && is_malformed {
                    // A program that makes such a file writes its pid at once.
                    self.verify()
                } else {
                    self.lost()
                }
            }
        }
    }

    fn verify(&mut self) -> Next<Outcome> {
        self.compare(Stage::Verify)
    }

    fn verified(&mut self, lock: Result<FileId, ErrorCode>) -> Next<Outcome> {
        match lock {
            Ok(id) if id == self.own => self.end(match self.anew {
                true => Restored::Anew,
                false => Restored::Linked,
            }),
            Ok(_) => self.lost(),
            Err(ErrorCode::NoEntry) => self.again(Stage::Begin),
            Err(code) => {
                let failed = self.failed(Operation::Stat, code);
                // The file is linked, but not verified.
                self.stage = Stage::Waiting;
                failed
            }
        }
    }

    fn end(&mut self, restored: Restored) -> Next<Outcome> {
        self.stage = Stage::Begin;
        Next::End(Ok(restored))
    }

    fn lost(&mut self) -> Next<Outcome> {
        self.stage = Stage::Lost;
        Next::End(Err(Unrestored::Lost))
    }

    fn again(&mut self, stage: Stage) -> Next<Outcome> {
        if stage == Stage::Begin {
            // The wait for another reclaim begins anew.
            self.since = None;
        }
        self.stage = stage;
        Next::End(Err(Unrestored::Again(PAUSE)))
    }

    fn failed(&mut self, operation: Operation, code: ErrorCode) -> Next<Outcome> {
        // The host's clock begins anew after a failure.
        self.now = 0;
        self.since = None;
        self.stage = match self.stage {
            Stage::CompareLinked(_) => Stage::Waiting,
            _ => Stage::Begin,
        };
        Next::End(Err(Unrestored::Failed(operation, code)))
    }
}

impl Machine {
    /// Returns the steps that put back the lock file that was removed under this owner. Returns `None` unless the lock
    /// is held, and its release has not begun.
    #[must_use]
    pub fn restore(&self) -> Option<Restore> {
        let own = self.own().filter(|_| self.state == State::Owned)?;
        Some(Restore::new(self.maker.filter(|_| !self.in_place), own))
    }

    /// Counts the lock as lost: its release begins before its file was certainly put back.
    pub fn lose(&mut self) {
        self.lost = true;
    }

    /// Records the progress of `restore`: the claim may be another file, and the lock lost for good.
    pub fn restored(&mut self, restore: &Restore) {
        if self.state != State::Owned {
            return;
        }
        let own = restore.own();
        if self.own() != Some(own) {
            // The old file is no longer open, so its inode number may be another file's, at a reclaim lock as well.
            self.levels = Levels::default();
        }
        self.levels.insert(0, own);
        if !self.in_place {
            self.own = own;
        }
        self.lost |= restore.is_lost();
    }
}

#[cfg(test)]
mod tests;
