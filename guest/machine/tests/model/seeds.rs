//! Faults that are put into lockhost, to check that the checker finds them.
//!
//! The machine stays the released one. A fault stands between it and the directory: it answers a question without an
//! examination, or changes the order of operations. The machine then behaves as if the line that matters were missing.

use lockhost_machine::{
    call::Ours,
    facts::{DeadReason, ErrorCode, Liveness, UnknownReason},
};

use crate::{
    descriptors::Descriptors,
    directory::{Content, Name},
    step::{Answer, Asked, Op},
};

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seed {
    /// The file that was judged is not compared with the file at the name before that is removed.
    NotCompared,
    /// A dead owner's lock is removed without its reclaim lock.
    LockRemovedUnguarded,
    /// A dead owner's reclaim lock is removed without the next one, as the original does.
    ReclaimRemovedUnguarded,
    /// Under the reclaim lock the file is not judged again.
    NotJudgedAgain,
    /// The attempt does not wait for the original's reclaim.
    OriginalNotAwaited,
    /// Once the original's reclaim is over, the attempt does not check whether the lock is still its own.
    NotVerified,
    /// The claim is linked before the pid is written.
    LinkedBeforeWritten,
    /// The lock is released without a check whose file it is.
    ReleasedBlindly,
    /// The count of links shows whether a link was made, and not a comparison of files.
    LinksCounted,
    /// On a share, a name that exists counts as ours: its client has a removed file there, with the number of our claim.
    CacheBelieved,
    /// A claim is the open file because it has its number, which may be a removed file's.
    NumberBelieved,
    /// There are no hard links if the claim seems to have one name, which a count from a cache may say.
    CountBelieved,
    /// Claims are swept without knowing that their makers are dead.
    SweptUnasked,
    /// An owner is judged by its pid alone, and not distinguished from the next process with the pid.
    StartsNotCompared,
    /// Nothing is ever swept.
    NeverSwept,
    /// No owner is ever dead.
    NoOwnerIsDead,
    /// The claim stays when the lock is released.
    ClaimLeft,
    /// A file that names no owner is dead at once.
    NotSettled,
    /// A file that seems to have one name is not searched for among the claims, whatever file system it is on.
    OneLinkBelieved,
    /// An empty claim that is not locked is swept at once.
    EmptySweptAtOnce,
    /// A file made in place is not locked.
    InPlaceUnguarded,
    /// A file made in place is used even if a probe keeps it from being locked.
    ProbedIgnored,
    /// A file made in place under the reclaim lock is locked once the reclaim lock is dropped.
    GuardedLate,
    /// The attempt does not wait for a reclaim beside a file made in place.
    ReclaimNotAwaited,
    /// A file made in place is not compared with the file that stands there once no process can be replacing it.
    InPlaceNotVerified,
    /// The lock of a probe stays as long as the file is open.
    ProbeKept,
    /// A file that holds more than a pid names no owner, as for the original.
    NumbersIgnored,
    /// A lock file is put back by renaming, over whichever file stands there.
    RestoredByRename,
    /// A lock file that was put back is not compared.
    RestoredUncompared,
    /// No reclaim is examined when a lock file is put back.
    RestoredUnawaited,
    /// A reclaim is examined only once the lock file is put back.
    RestoredBesideReclaim,
    /// A lock file that was put back is not compared once the reclaim beside it is over.
    RestoredUnverified,
    /// The claim is not compared with the file that is open before it is put back.
    RestoredFromAnyFile,
    /// A missing claim's name is linked to whichever file has the lock's name.
    ClaimNamedFromTheLock,
    /// A lock file is put back once its release has begun.
    RestoredInRelease,
}

/// The purpose of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Tries,
    Releases,
    Restores,
}

/// The memory that a fault needs, unused where there is no fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trail {
    last: Option<Op>,
    /// Whether the last operation failed.
    failed: bool,
    looked_at: Option<Name>,
    /// The name that could not be linked last.
    exists: Option<Name>,
    /// Whether the claim was linked.
    linked: bool,
    /// Whether the open file seems to have one name.
    one_link: bool,
    /// Whether the open file holds more than a pid.
    more: bool,
    /// The content that is still to be written into the claim.
    pub late: Option<Content>,
    /// Whether the file that was made in place is still to be locked.
    pub unguarded: bool,
}

/// A false answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// This one.
    Says(Answer),
    /// The name is ours if our claim has this many links.
    CountsLinks(u8),
    /// The true one, except for the time: the file was written long ago.
    IsOld,
    /// The true one, except for the count of names: there is one.
    HasOneName,
}

impl Trail {
    pub fn follow(&mut self, seed: Seed, op: Op, answer: Answer) {
        if let (Op::StatOpen, Answer::Stat(stat)) = (op, answer) {
            self.one_link = stat.links == 1;
        }
        if let (Op::Read, Answer::Content(content)) = (op, answer) {
            self.more = matches!(content, Content::More(_));
        }
        if let (Seed::LinkedBeforeWritten, Op::Write(_, content)) = (seed, op) {
            self.late = if self.late.is_some() {
                None
            } else {
                Some(content)
            };
        }
        if seed == Seed::GuardedLate {
            self.unguarded |= op == Op::Nothing;
        }
        let after_link = [Seed::RestoredBesideReclaim, Seed::RestoredUncompared];
        self.linked |= after_link.contains(&seed) && matches!(op, Op::Link(_));
        if let Op::Open(name) = op {
            self.looked_at = Some(name);
        }
        if let (Op::Link(name), Seed::CacheBelieved) = (op, seed) {
            self.exists = matches!(answer, Answer::Failed(_)).then_some(name);
        }
        self.last = Some(op);
        self.failed = matches!(answer, Answer::Failed(_));
    }
}

impl Seed {
    /// Returns the answer that is given instead of the true one.
    pub fn lie(self, op: Op, trail: &Trail, files: &Descriptors, doing: Doing) -> Option<Lie> {
        let op = match op {
            Op::Same(name, ..) => Op::Id(name),
            op => op,
        };
        if doing == Doing::Restores {
            return self.lie_when_restoring(op, trail, files);
        }
        let releases = doing == Doing::Releases;
        match (self, op) {
            (Seed::NotCompared, Op::Id(name)) if trail.has_judged(name) => {
                files.open().map(|file| Lie::Says(Answer::Id(file)))
            }
            (Seed::LockRemovedUnguarded, Op::Link(Name::Level(1))) => Some(Lie::Says(Answer::Done)),
            (Seed::ReclaimRemovedUnguarded, Op::Link(Name::Level(2..))) => {
                Some(Lie::Says(Answer::Done))
            }
            // A name that was not linked is compared.
            (
                Seed::LockRemovedUnguarded | Seed::ReclaimRemovedUnguarded,
                Op::Id(Name::Level(level)),
            ) if trail.pretends_to_link(self, level) => {
                files.claim().map(|file| Lie::Says(Answer::Id(file)))
            }
            (Seed::NotJudgedAgain, Op::Ask(_)) => match trail.looked_at {
                Some(Name::Level(level)) if files.has_made(Name::Level(level + 1)) => DEAD,
                _ => None,
            },
            (Seed::NotVerified, Op::Id(Name::Level(0))) => match trail.looked_at {
                Some(Name::Level(1)) if !releases && files.has_made(Name::Level(0)) => {
                    files.claim().map(|file| Lie::Says(Answer::Id(file)))
                }
                _ => None,
            },
            (Seed::InPlaceNotVerified, Op::Id(Name::Level(0))) if trail.has_looked_at(1) => {
                let made = files.at(0).filter(|_| !releases);
                made.map(|file| Lie::Says(Answer::Id(file)))
            }
            (Seed::ReclaimNotAwaited, Op::Stat(Name::Level(1))) => match trail.last {
                Some(Op::Write(Ours::At(0), _)) => {
                    Some(Lie::Says(Answer::Failed(ErrorCode::NoEntry)))
                }
                _ => None,
            },
            (Seed::LinkedBeforeWritten, Op::Write(..)) if trail.late.is_none() => {
                Some(Lie::Says(Answer::Done))
            }
            (Seed::ReleasedBlindly, Op::Id(Name::Level(0))) if releases => {
                files.claim().map(|file| Lie::Says(Answer::Id(file)))
            }
            (Seed::CacheBelieved, Op::Id(name)) if trail.exists == Some(name) => {
                files.claim().map(|file| Lie::Says(Answer::Id(file)))
            }
            (Seed::NumberBelieved, Op::Id(Name::Claim(_))) => {
                files.open().map(|file| Lie::Says(Answer::Id(file)))
            }
            (Seed::LinksCounted, Op::Id(Name::Level(_))) => match trail.last {
                Some(Op::Link(..)) if trail.failed => {
                    Some(Lie::CountsLinks(files.names_made() + 1))
                }
                _ => None,
            },
            (Seed::SweptUnasked, Op::Ask(Asked::Maker(_))) => match trail.looked_at {
                Some(Name::Claim(_)) => DEAD,
                _ => None,
            },
            (Seed::CountBelieved, Op::Stat(Name::Claim(_))) => Some(Lie::HasOneName),
            (Seed::NotSettled, Op::StatOpen) => Some(Lie::IsOld),
            (Seed::EmptySweptAtOnce, Op::StatOpen) => match trail.looked_at {
                Some(Name::Claim(_)) => Some(Lie::IsOld),
                _ => None,
            },
            (Seed::OneLinkBelieved, Op::Identify(_)) if trail.one_link => {
                Some(Lie::Says(Answer::Identity(None)))
            }
            (Seed::OneLinkBelieved, Op::List) if trail.one_link => {
                Some(Lie::Says(Answer::Claims(0, false, None, false)))
            }
            (Seed::NoOwnerIsDead, Op::Ask(_)) => {
                let unknown = Liveness::Unknown(UnknownReason::NoAnswer);
                Some(Lie::Says(Answer::Liveness(unknown)))
            }
            (Seed::NumbersIgnored, Op::Ask(Asked::Pid(_))) if trail.more => DEAD,
            (Seed::ClaimLeft, Op::Unlink(Name::Claim(_))) => Some(Lie::Says(Answer::Done)),
            (Seed::NeverSwept, Op::List) => Some(Lie::Says(Answer::Failed(ErrorCode::Io))),
            _ => None,
        }
    }

    fn lie_when_restoring(self, op: Op, trail: &Trail, files: &Descriptors) -> Option<Lie> {
        let own = || files.claim().map(|file| Lie::Says(Answer::Id(file)));
        match (self, op) {
            // The first check finds that it is gone.
            (Seed::RestoredUncompared, Op::Id(Name::Level(0))) if trail.linked => own(),
            (Seed::RestoredUnawaited, Op::Stat(Name::Level(1))) => {
                Some(Lie::Says(Answer::Failed(ErrorCode::NoEntry)))
            }
            (Seed::RestoredBesideReclaim, Op::Stat(Name::Level(1))) if !trail.linked => {
                Some(Lie::Says(Answer::Failed(ErrorCode::NoEntry)))
            }
            (Seed::RestoredUnverified, Op::Id(Name::Level(0))) if trail.has_looked_at(1) => own(),
            (Seed::RestoredFromAnyFile, Op::Id(Name::Claim(_))) => own(),
            _ => None,
        }
    }

    /// Returns the operation that is done instead of the requested one.
    pub fn instead(self, op: Op, files: &Descriptors, pid_of: impl Fn(u8) -> u8) -> Op {
        match (self, op) {
            (Seed::InPlaceUnguarded, Op::Guard(Ours::At(_))) => Op::Nothing,
            (Seed::GuardedLate, Op::Guard(Ours::At(0))) if files.has_made(Name::Level(1)) => {
                Op::Nothing
            }
            (Seed::StartsNotCompared, Op::Ask(Asked::Maker(claim))) => {
                Op::Ask(Asked::Pid(pid_of(claim)))
            }
            _ => op,
        }
    }

    /// Returns the answer that the machine gets.
    pub fn understands(self, op: Op, answer: Answer) -> Answer {
        match (self, op, answer) {
            (Seed::ProbedIgnored, Op::Guard(Ours::At(_)), Answer::Probed) => Answer::Done,
            _ => answer,
        }
    }

    /// Returns whether a lock is not released when it should be.
    pub fn keeps(self, op: Op) -> bool {
        self == Seed::ProbeKept && matches!(op, Op::GiveBack(_))
    }
}

const DEAD: Option<Lie> = Some(Lie::Says(Answer::Liveness(Liveness::Dead(
    DeadReason::NoProcess,
))));

impl Trail {
    /// Returns whether a link to a level, which this fault leaves out, has just been answered.
    fn pretends_to_link(&self, seed: Seed, level: u8) -> bool {
        let left_out = match seed {
            Seed::LockRemovedUnguarded => level == 1,
            _ => level >= 2,
        };
        left_out && self.last == Some(Op::Link(Name::Level(level)))
    }

    /// Returns whether a level was just examined, and its file, if any, was judged.
    fn has_looked_at(&self, level: u8) -> bool {
        let name = Name::Level(level);
        self.last == Some(Op::Stat(name)) || self.has_judged(name)
    }

    /// Returns whether the file at a name was just judged: a second examination follows.
    fn has_judged(&self, name: Name) -> bool {
        self.looked_at == Some(name)
            && matches!(
                self.last,
                Some(Op::Ask(_) | Op::Probe(..) | Op::GiveBack(_) | Op::StatClaim)
            )
    }
}
