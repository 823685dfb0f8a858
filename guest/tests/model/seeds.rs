//! Faults that are put into ours, so that it is seen whether the checker finds them.
//!
//! The machine stays the one that ships. A fault stands between it and the directory: it answers what was not looked
//! at, or does in another order what was asked for, which is what the machine would come to if the line that matters
//! were not in it.

use lockhost_guest::{
    call::Ours,
    facts::{DeadReason, ErrorCode, Liveness, UnknownReason},
};

use crate::{
    descriptors::Descriptors,
    directory::{Content, Name},
    step::{Answer, Asked, Op},
};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seed {
    /// The file that was judged is not compared with the file at the name before that is removed.
    NotCompared,
    /// A dead lock is removed without its reclaim lock.
    LockRemovedUnguarded,
    /// A dead reclaim lock is removed without the next one, as the original does.
    ReclaimRemovedUnguarded,
    /// Under the reclaim lock the file is not judged again.
    NotJudgedAgain,
    /// The original's reclaim is not waited out.
    OriginalNotAwaited,
    /// Once the original's reclaim is over, nobody looks whether the lock is still ours.
    NotVerified,
    /// The claim is linked before the pid is written.
    LinkedBeforeWritten,
    /// The lock is released without a look whose file it is.
    ReleasedBlindly,
    /// Whether a link was made is told by the count of links, and not by comparing files.
    LinksCounted,
    /// Claims are swept without knowing that their makers are dead.
    SweptUnasked,
    /// An owner is asked about by its pid alone, and not told from whoever has the pid next.
    StartsNotCompared,
    /// Nothing is ever swept.
    NeverSwept,
    /// Nobody is ever dead.
    NobodyIsDead,
    /// The claim stays when the lock is released.
    ClaimLeft,
    /// A file that names nobody is dead at once.
    NotSettled,
    /// A file that seems to have one name is not looked for among the claims, whatever file system it is on.
    OneLinkBelieved,
    /// An empty claim that is not locked is swept at once.
    EmptySweptAtOnce,
    /// A file made in place is not locked.
    InPlaceUnguarded,
    /// A file made in place that a probe keeps from being locked is used all the same.
    ProbedIgnored,
    /// A file made in place under the reclaim lock is locked once the reclaim lock is dropped.
    GuardedLate,
    /// A reclaim is not waited for beside a file made in place.
    ReclaimNotAwaited,
    /// A file made in place is not compared with what stands there once nobody can be replacing it.
    InPlaceNotVerified,
    /// The lock of a probe stays as long as the file is open.
    ProbeKept,
    /// A file that holds more than a pid names nobody, as the original has it.
    NumbersIgnored,
    /// A lock file is put back by renaming, over whatever stands there.
    RestoredByRename,
    /// A lock file that was put back is not compared.
    RestoredUncompared,
    /// No reclaim is looked at when a lock file is put back.
    RestoredUnawaited,
    /// A reclaim is looked at only once the lock file is put back.
    RestoredBesideReclaim,
    /// A lock file that was put back is not compared once the reclaim beside it is over.
    RestoredUnverified,
    /// The claim is not compared with the file that is open before it is put back.
    RestoredFromAnyFile,
    /// A claim that is missing gets the name of whatever has the lock's name.
    ClaimNamedFromTheLock,
    /// A lock file is put back once its release has begun.
    RestoredInRelease,
}

/// What an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Tries,
    Releases,
    Restores,
}

/// What it takes to be wrong: nothing of it is kept where nothing is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trail {
    last: Option<Op>,
    /// Whether the last operation failed.
    failed: bool,
    looked_at: Option<Name>,
    /// The claim was linked.
    linked: bool,
    /// The open file seems to have one name.
    one_link: bool,
    /// The open file holds more than a pid.
    more: bool,
    /// What is still to be written into the claim.
    pub late: Option<Content>,
    /// The file that was made in place is still to be locked.
    pub unguarded: bool,
}

/// An answer that is not what is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// This.
    Says(Answer),
    /// The name is ours if our claim has so many links.
    CountsLinks(u8),
    /// What is so, but for the time: the file was written long ago.
    IsOld,
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
        self.last = Some(op);
        self.failed = matches!(answer, Answer::Failed(_));
    }
}

impl Seed {
    /// What is said instead of what is so.
    pub fn lie(self, op: Op, trail: &Trail, files: &Descriptors, doing: Doing) -> Option<Lie> {
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
            // What was not linked is compared.
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
            (Seed::NotSettled, Op::StatOpen) => Some(Lie::IsOld),
            (Seed::EmptySweptAtOnce, Op::StatOpen) => match trail.looked_at {
                Some(Name::Claim(_)) => Some(Lie::IsOld),
                _ => None,
            },
            (Seed::OneLinkBelieved, Op::Identify(_)) if trail.one_link => {
                Some(Lie::Says(Answer::Identity(None)))
            }
            (Seed::OneLinkBelieved, Op::List) if trail.one_link => {
                Some(Lie::Says(Answer::Claims(0, None, false)))
            }
            (Seed::NobodyIsDead, Op::Ask(_)) => {
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
            // The first look finds that it is gone.
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

    /// What is done instead of what was asked for.
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

    /// What is understood of an answer.
    pub fn understands(self, op: Op, answer: Answer) -> Answer {
        match (self, op, answer) {
            (Seed::ProbedIgnored, Op::Guard(Ours::At(_)), Answer::Probed) => Answer::Done,
            _ => answer,
        }
    }

    /// Whether a lock is not given back when it should.
    pub fn keeps(self, op: Op) -> bool {
        self == Seed::ProbeKept && matches!(op, Op::GiveBack(_))
    }
}

const DEAD: Option<Lie> = Some(Lie::Says(Answer::Liveness(Liveness::Dead(
    DeadReason::NoProcess,
))));

impl Trail {
    /// Whether a link to a level, which this fault leaves out, has just been answered.
    fn pretends_to_link(&self, seed: Seed, level: u8) -> bool {
        let left_out = match seed {
            Seed::LockRemovedUnguarded => level == 1,
            _ => level >= 2,
        };
        left_out && self.last == Some(Op::Link(Name::Level(level)))
    }

    /// Whether a level was just looked at, and what was there was judged if anything was.
    fn has_looked_at(&self, level: u8) -> bool {
        let name = Name::Level(level);
        self.last == Some(Op::Stat(name)) || self.has_judged(name)
    }

    /// Whether the file at a name was just judged: what follows is the second look.
    fn has_judged(&self, name: Name) -> bool {
        self.looked_at == Some(name)
            && matches!(
                self.last,
                Some(Op::Ask(_) | Op::Probe(..) | Op::GiveBack(_) | Op::StatClaim)
            )
    }
}
