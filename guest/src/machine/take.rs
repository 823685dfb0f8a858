//! *take(k)*: a name is linked, or what stands there is judged, replaced or respected.

use super::{After, Goal, Machine, PATIENCE, State, Turn, Verdict, end::unseen};
use crate::{
    call::{Call, Ours, Reply},
    contract::{AliveReason, ErrorCode, Liveness, Occupation, Operation, ReplacedReason},
    examine::{Found, Seen},
    lockfile::{DEEPEST, Name},
    stop::{Replaced, Stop},
};

impl Machine {
    // take, steps 1 to 4

    pub(super) fn link(&mut self, level: u8) -> Turn {
        if level > DEEPEST {
            return self.abort(Stop::TooDeep);
        }
        self.put(level, false)
    }

    /// Give the name at this level to a file of ours; `under` in step 6, under the next level's name.
    pub(super) fn put(&mut self, level: u8, under: bool) -> Turn {
        if self.in_place {
            return self.call(State::Make(level, under), Call::Make { level });
        }
        self.levels.insert(level, self.own);
        let name = Name::Level(level);
        self.call(State::Link(level, under), Call::Link { name })
    }

    pub(super) fn linked(&mut self, level: u8, under: bool, reply: Reply) -> Turn {
        match reply.done() {
            // *beside the original* compares it before it is owned.
            Ok(()) if level == 0 => self.stands(level, under),
            // The claim is linked by its name, which may be another attempt's of this process by now: this one's was
            // swept if it was stopped for a minute before it guarded it.
            Ok(()) => self.compare(State::LinkFailed(level, under, ErrorCode::Exist), level),
            // A network file system may answer that the name exists to the very request that made it.
            Err(code) => self.compare(State::LinkFailed(level, under, code), level),
        }
    }

    pub(super) fn not_linked(
        &mut self,
        level: u8,
        under: bool,
        code: ErrorCode,
        reply: Reply,
    ) -> Turn {
        let id = reply.id();
        if self.is_own(level, id) {
            return self.stands(level, under);
        }
        match (code, id) {
            // It may be linked after all, so it stays among those to be dropped.
            (_, Err(unseen)) if unseen != ErrorCode::NoEntry => {
                return self.fail_at(Operation::Stat, level, unseen);
            }
            _ => self.levels.remove(level),
        }
        match (code, id) {
            (ErrorCode::Exist, Err(_)) if !under => self.link_again(level),
            (ErrorCode::Exist, Ok(id)) if !under && id == self.found().id && self.knows_dead() => {
                self.judge(level, false)
            }
            (ErrorCode::Exist, _) => self.in_the_way(level, under),
            // Our claim is gone: somebody who could not know better has swept it.
            (ErrorCode::NoEntry, _) if !under && self.goal == Goal::Lock => self.renew(),
            _ if self.may_lack_links(code) => {
                self.denied = Some((level, code));
                self.ask_for_scratch()
            }
            _ => self.fail_at(Operation::Link, level, code),
        }
    }

    pub(super) fn link_again(&mut self, level: u8) -> Turn {
        if self.is_worn_out() {
            return self.abort(Stop::Contended(level));
        }
        self.link(level)
    }

    /// Somebody else has the name.
    fn in_the_way(&mut self, level: u8, under: bool) -> Turn {
        if under {
            self.overtaken = true;
            return self.compare(State::Above(level, false), level + 1);
        }
        self.examine(State::Judge(level), level)
    }

    /// The name is ours.
    fn stands(&mut self, level: u8, under: bool) -> Turn {
        if under {
            return self.compare(State::Above(level, true), level + 1);
        }
        self.taken(level)
    }

    // the same without links: the file is made in place, and is empty for a while

    pub(super) fn made(&mut self, level: u8, under: bool, reply: Reply) -> Turn {
        match reply.id() {
            Ok(id) => {
                self.levels.insert(level, id);
                // Under the next level's name nobody else can be replacing it.
                self.unsure = (!under).then_some(level);
                self.guard(Ours::At(level), under, 0)
            }
            Err(ErrorCode::Exist) => self.in_the_way(level, under),
            Err(code) => self.fail_at(Operation::Create, level, code),
        }
    }

    pub(super) fn made_written(&mut self, level: u8, under: bool) -> Turn {
        if under {
            return self.stands(level, under);
        }
        // Who took the empty file for a dead one may be about to remove it, under the next level's name. Who comes under
        // that name later finds our pid.
        self.look_for_other(level)
    }

    // what was seen at a level, before (steps 2, 3) and under the next level's name (step 5)

    pub(super) fn seen_at(&mut self, level: u8, under: bool, seen: Seen) -> Turn {
        match seen {
            Seen::Gone if under => self.put(level, true),
            Seen::Gone => self.link_again(level),
            Seen::NotALock(what) => self.abort(Stop::NotALock(level, what)),
            Seen::Failed(operation, code) => {
                self.abort(Stop::Failed(unseen(operation, level, code)))
            }
            Seen::File if self.needs_age() => self.call(State::Age(level, under), Call::StatClaim),
            Seen::File => self.judge(level, under),
        }
    }

    pub(super) fn needs_age(&self) -> bool {
        self.found().is_malformed() && self.born.is_none()
    }

    pub(super) fn aged(&mut self, reply: Reply) {
        self.born = Some(reply.stat().ok().and_then(|stat| stat.modified));
    }

    pub(super) fn judge(&mut self, level: u8, under: bool) -> Turn {
        match self.verdict(level) {
            Verdict::Held => {
                let occupation = match level {
                    0 if under || self.overtaken => Occupation::Overtaking,
                    0 => Occupation::Owning,
                    _ => Occupation::Reclaiming,
                };
                self.abort(Stop::Held(level, occupation))
            }
            Verdict::Unsettled => self.settle(level),
            // The file stays open, so its identity is its own; and its owner is dead, so what was seen stays true.
            // Only the name may have gone to somebody else since.
            Verdict::Dead(reason) if under => self.compare(State::SecondLook(level, reason), level),
            Verdict::Dead(_) => self.link(level + 1),
        }
    }

    pub(super) fn found(&self) -> &Found {
        self.examine.found()
    }

    /// Whether the file that was looked at last is the claim of an owner that is dead. Then it stays what it was: its number
    /// is its own, since it is open still, nobody writes to a claim of the dead, and nobody comes back to it.
    fn knows_dead(&self) -> bool {
        self.found().claim.is_some() && self.found().is_dead().is_some()
    }

    pub(super) fn verdict(&self, level: u8) -> Verdict {
        let found = self.found();
        match found.liveness {
            Liveness::Dead(_) if found.is_malformed() => {
                let claim = self.born.flatten();
                if self.settling.has_settled(level, found, claim, self.now) {
                    Verdict::Dead(ReplacedReason::Malformed)
                } else {
                    Verdict::Unsettled
                }
            }
            Liveness::Dead(reason) => Verdict::Dead(ReplacedReason::Dead(reason)),
            // A person's word counts where nobody can know, and never against what is known.
            Liveness::Alive(
                AliveReason::Evidence | AliveReason::Running | AliveReason::ThisProcess,
            ) => Verdict::Held,
            Liveness::Alive(_) | Liveness::Unknown(_) => {
                // Of a file that may not be read it is not known whether the kernel keeps it.
                if !found.unread
                    && self.assume_dead.is_some()
                    && self.assume_dead == found.identity()
                {
                    Verdict::Dead(ReplacedReason::AssumedDead)
                } else {
                    Verdict::Held
                }
            }
        }
    }

    // take, step 5: the second look, and the removal

    pub(super) fn second_look(&mut self, level: u8, reason: ReplacedReason, reply: Reply) -> Turn {
        match reply.id() {
            Ok(id) if id == self.found().id => {
                let name = Name::Level(level);
                self.call(State::Remove(level, reason), Call::Unlink { name })
            }
            Ok(_) | Err(ErrorCode::NoEntry) if self.is_worn_out() => {
                self.abort(Stop::Contended(level))
            }
            Ok(_) | Err(ErrorCode::NoEntry) => self.examine(State::Under(level), level),
            Err(code) => self.fail_at(Operation::Stat, level, code),
        }
    }

    pub(super) fn removed(&mut self, level: u8, reason: ReplacedReason, reply: Reply) -> Turn {
        match reply.done() {
            Ok(()) => {
                self.litter = true;
                let Found { pid, claim, id, .. } = *self.found();
                // A person's word is no knowledge: that maker may come back to its claim's name.
                if reason != ReplacedReason::AssumedDead
                    && let Some(claim) = claim
                {
                    self.victims.push((claim, id));
                }
                self.replaced.push(Replaced { level, pid, reason });
            }
            Err(ErrorCode::NoEntry) => {}
            Err(code) => return self.fail_at(Operation::Remove, level, code),
        }
        self.put(level, true)
    }

    // take, step 6

    pub(super) fn above(&mut self, level: u8, linked: bool, reply: Reply) -> Turn {
        match reply.id() {
            id if self.is_own(level + 1, id) => {
                let name = Name::Level(level + 1);
                self.call(State::RemoveAbove(level, linked), Call::Unlink { name })
            }
            Ok(_) | Err(ErrorCode::NoEntry) => self.above_dropped(level, linked),
            Err(code) => self.fail_at(Operation::Stat, level + 1, code),
        }
    }

    pub(super) fn above_dropped(&mut self, level: u8, linked: bool) -> Turn {
        self.levels.remove(level + 1);
        if linked {
            self.taken(level)
        } else {
            self.link_again(level)
        }
    }

    pub(super) fn taken(&mut self, level: u8) -> Turn {
        match level {
            _ if self.goal == Goal::Tidy(level) => self.drop_reclaims(After::Tidy),
            0 => self.look_for_other(0),
            // What stands there now is compared before it is removed.
            _ if self.knows_dead() => self.judge(level - 1, true),
            _ => self.examine(State::Under(level - 1), level - 1),
        }
    }

    // again later: settling

    pub(super) fn settle(&mut self, level: u8) -> Turn {
        if self.now >= PATIENCE {
            return self.abort(Stop::Contended(level));
        }
        if self.settling.remember(level, self.examine.found()) {
            return self.call(State::Keep(level), Call::Keep { level });
        }
        self.drop_reclaims(After::Wait(level))
    }
}
