//! *take(k)*: a name is linked, or the file that stands there is judged, and then replaced or left alone.

use super::{
    Goal, Linked, Machine, PATIENCE, Probes, RETRIES, Reclaim, State, Take, Then, Turn, Verdict,
    WATCH,
    examine::{Found, Seen},
    outcome::{Cause, Error, Failure, Occupation, Operation, Replaced, ReplacedReason},
};
use crate::{
    call::{Call, Known, Maker, Ours, Reply},
    facts::{AliveReason, ErrorCode, Liveness, UnknownReason},
    names::{DEEPEST, Name},
};

impl Machine {
    // take, steps 1 to 4

    pub(super) fn link(&mut self, level: u8) -> Turn {
        if level > DEEPEST {
            return self.abort(Error::too_deep());
        }
        self.put(level, Reclaim::NotHeld)
    }

    /// Gives the name at this level to a file of ours.
    fn put(&mut self, level: u8, reclaim: Reclaim) -> Turn {
        if self.in_place {
            return self.call(
                State::Take(Take::Make(level, reclaim)),
                Call::Make { level },
            );
        }
        self.levels.insert(level, self.own);
        let name = Name::Level(level);
        self.call(State::Take(Take::Link(level, reclaim)), Call::Link { name })
    }

    pub(super) fn linked(&mut self, level: u8, reclaim: Reclaim, reply: Reply) -> Turn {
        let code = match reply.done() {
            // *verify* compares it before the lock is owned.
            Ok(()) if level == 0 => return self.stands(level, reclaim),
            // The claim is linked by its name. By now the name may be that of another attempt of this process: this
            // attempt's claim was swept if the process was stopped for a minute before it guarded it.
            Ok(()) => ErrorCode::Exist,
            // A network file system may report that the name exists to the very request that made it.
            Err(code) => code,
        };
        self.compare_own(State::Take(Take::Compare(level, reclaim, code)), level)
    }

    pub(super) fn link_compared(
        &mut self,
        level: u8,
        reclaim: Reclaim,
        code: ErrorCode,
        reply: Reply,
    ) -> Turn {
        let id = reply.id();
        if self.is_own(level, id) {
            return self.stands(level, reclaim);
        }
        match id {
            // The name may be linked after all, so its level stays among those to give up.
            Err(unseen) if unseen != ErrorCode::NoEntry => {
                return self.fail_at(Operation::Stat, level, unseen);
            }
            _ => self.levels.remove(level),
        }
        match (code, reclaim, id) {
            (ErrorCode::Exist, Reclaim::NotHeld, Err(_)) => self.link_again(level),
            (ErrorCode::Exist, Reclaim::NotHeld, Ok(id))
                if id == self.found().id && self.knows_dead() =>
            {
                self.judge(level, Reclaim::NotHeld)
            }
            (ErrorCode::Exist, ..) => self.in_the_way(level, reclaim),
            // Our claim is gone: a process that could not know better has swept it.
            (ErrorCode::NoEntry, Reclaim::NotHeld, _) if self.goal == Goal::Lock => self.renew(),
            _ if self.may_lack_links(code) => {
                self.denied = Some((level, code));
                self.probe_links()
            }
            _ => self.fail_at(Operation::Link, level, code),
        }
    }

    pub(super) fn link_again(&mut self, level: u8) -> Turn {
        if self.is_worn_out() {
            return self.contended(level);
        }
        self.link(level)
    }

    /// Goes on where another file has the name.
    fn in_the_way(&mut self, level: u8, reclaim: Reclaim) -> Turn {
        match reclaim {
            Reclaim::Held => {
                self.overtaken = true;
                self.compare_reclaim(level, Linked::Newcomers)
            }
            Reclaim::NotHeld => self.examine(State::Take(Take::Judge(level)), level),
        }
    }

    /// Goes on where the name is ours.
    fn stands(&mut self, level: u8, reclaim: Reclaim) -> Turn {
        match reclaim {
            Reclaim::Held => self.compare_reclaim(level, Linked::Ours),
            Reclaim::NotHeld => self.taken(level),
        }
    }

    // in place, step 1: the file is made without links, and is empty for a while

    pub(super) fn made(&mut self, level: u8, reclaim: Reclaim, reply: Reply) -> Turn {
        match reply.id() {
            Ok(id) => {
                self.levels.insert(level, id);
                // Under the reclaim lock no other process can be replacing it.
                self.unsure = (reclaim == Reclaim::NotHeld).then_some(level);
                self.guard_made(level, reclaim, Probes(0))
            }
            Err(ErrorCode::Exist) => self.in_the_way(level, reclaim),
            Err(code) => self.fail_at(Operation::Create, level, code),
        }
    }

    fn guard_made(&mut self, level: u8, reclaim: Reclaim, probes: Probes) -> Turn {
        let file = Ours::At(level);
        let step = Take::Guard(level, reclaim, probes);
        self.call(State::Take(step), Call::Guard { file })
    }

    pub(super) fn made_guarded(
        &mut self,
        level: u8,
        reclaim: Reclaim,
        Probes(probes): Probes,
        reply: Reply,
    ) -> Turn {
        match (reply, self.maker) {
            // No pid is written into a file in place before the kernel keeps the lock on it. In another PID namespace
            // no process has that pid, and only the kernel's lock shows that its owner lives. A probe ends in a moment.
            (Reply::Probed, _) if probes < RETRIES => {
                self.guard_made(level, reclaim, Probes(probes + 1))
            }
            (Reply::Probed, _) => self.contended(level),
            (Reply::Done, Some(Maker { pid, .. })) => {
                let file = Ours::At(level);
                let step = Take::Write(level, reclaim);
                self.call(State::Take(step), Call::Write { file, pid })
            }
            (other, _) => self.not_guarded(Some(Name::Level(level)), other),
        }
    }

    pub(super) fn made_written(&mut self, level: u8, reclaim: Reclaim, reply: Reply) -> Turn {
        match (reply.done(), reclaim) {
            (Ok(()), Reclaim::Held) => self.stands(level, reclaim),
            // A process that judged the empty file dead may be about to remove it, under the reclaim lock. One that
            // acquires the reclaim lock later finds our pid.
            (Ok(()), Reclaim::NotHeld) => self.judge_reclaim_beside(level),
            (Err(code), _) => self.fail_at(Operation::Write, level, code),
        }
    }

    // the file seen at a level, before (steps 2, 3) and under the reclaim lock (step 5)

    pub(super) fn seen(&mut self, level: u8, reclaim: Reclaim, seen: Seen) -> Turn {
        match (seen, reclaim) {
            (Seen::Gone, Reclaim::Held) => self.put(level, reclaim),
            (Seen::Gone, Reclaim::NotHeld) => self.link_again(level),
            (Seen::NotALock(what), _) => self.abort(Error::at(level, Cause::NotALock(what))),
            (Seen::Failed(operation, code), _) => {
                self.abort(Failure::to_see(operation, level, code).into())
            }
            (Seen::File, _) if self.needs_age() => {
                self.call(State::Take(Take::Age(level, reclaim)), Call::StatClaim)
            }
            (Seen::File, _) => self.judge(level, reclaim),
        }
    }

    pub(super) fn needs_age(&self) -> bool {
        self.found().is_malformed() && self.born.is_none()
    }

    pub(super) fn aged(&mut self, reply: Reply) {
        self.born = Some(reply.stat().ok().and_then(|stat| stat.modified));
    }

    pub(super) fn judge(&mut self, level: u8, reclaim: Reclaim) -> Turn {
        match self.verdict(level) {
            Verdict::Held => {
                let occupation = match level {
                    0 if reclaim == Reclaim::Held || self.overtaken => Occupation::Overtaking,
                    0 => Occupation::Owning,
                    _ => Occupation::Reclaiming,
                };
                self.abort(Error::at(level, Cause::Held(occupation)))
            }
            Verdict::Unsettled => self.settle(level),
            Verdict::Watched => self.give_up_reclaims(Then::Watch(level)),
            // The file stays open, so no other file has its id. Its owner is dead, so the verdict stays true. Only the
            // name may be another file's since.
            Verdict::Dead(reason) if reclaim == Reclaim::Held => {
                let dead = self.found().id;
                let step = Take::CompareDead(level, reason);
                self.compare(State::Take(step), level, dead, Known::Open)
            }
            Verdict::Dead(_) => self.link(level + 1),
        }
    }

    /// Returns whether the file that was examined last is the claim of a dead owner. Such a file does not change. It is
    /// still open, so its inode number is its own. No process writes to a dead owner's claim, and its owner does not
    /// return. On a share, the claim may have been found in a cache.
    fn knows_dead(&self) -> bool {
        let found = self.found();
        self.keeps_evidence() && found.claim.is_some() && found.is_dead().is_some()
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
            // The user's word counts where the host cannot know, and never against what is known.
            Liveness::Alive(
                AliveReason::Evidence
                | AliveReason::Running
                | AliveReason::ThisProcess
                | AliveReason::Session,
            ) => Verdict::Held,
            Liveness::Alive(_) | Liveness::Unknown(_) => {
                // For a file that may not be read, the machine cannot know whether the kernel keeps it locked.
                if !found.unread
                    && self.assume_dead.is_some()
                    && self.assume_dead == found.identity()
                {
                    Verdict::Dead(ReplacedReason::AssumedDead)
                } else if found.liveness == Liveness::Unknown(UnknownReason::Watched)
                    && self.now < WATCH
                {
                    Verdict::Watched
                } else {
                    Verdict::Held
                }
            }
        }
    }

    // take, step 5: the comparison, and the removal

    pub(super) fn dead_compared(
        &mut self,
        level: u8,
        reason: ReplacedReason,
        reply: Reply,
    ) -> Turn {
        match reply.id() {
            Ok(id) if id == self.found().id => {
                let name = Name::Level(level);
                self.call(
                    State::Take(Take::Remove(level, reason)),
                    Call::Unlink { name },
                )
            }
            Ok(_) | Err(ErrorCode::NoEntry) if self.is_worn_out() => self.contended(level),
            Ok(_) | Err(ErrorCode::NoEntry) => self.judge_under(level),
            Err(code) => self.fail_at(Operation::Stat, level, code),
        }
    }

    pub(super) fn removed(&mut self, level: u8, reason: ReplacedReason, reply: Reply) -> Turn {
        match reply.done() {
            Ok(()) => {
                self.litter = true;
                let Found { pid, claim, id, .. } = *self.found();
                // The user's word is not knowledge: that maker may use its claim's name again. One with a session does not,
                // and its claim would keep out each later owner.
                if let Some(claim) = claim
                    && (reason != ReplacedReason::AssumedDead || claim.has_session())
                {
                    self.victims.push((claim, id));
                }
                self.replaced.push(Replaced {
                    level,
                    pid,
                    claim,
                    reason,
                });
            }
            Err(ErrorCode::NoEntry) => {}
            Err(code) => return self.fail_at(Operation::Remove, level, code),
        }
        self.put(level, Reclaim::Held)
    }

    // take, step 6

    fn compare_reclaim(&mut self, level: u8, linked: Linked) -> Turn {
        self.compare_own(State::Take(Take::CompareReclaim(level, linked)), level + 1)
    }

    pub(super) fn reclaim_compared(&mut self, level: u8, linked: Linked, reply: Reply) -> Turn {
        match reply.id() {
            id if self.is_own(level + 1, id) => {
                let name = Name::Level(level + 1);
                let step = Take::RemoveReclaim(level, linked);
                self.call(State::Take(step), Call::Unlink { name })
            }
            Ok(_) | Err(ErrorCode::NoEntry) => self.reclaim_dropped(level, linked),
            Err(code) => self.fail_at(Operation::Stat, level + 1, code),
        }
    }

    pub(super) fn reclaim_dropped(&mut self, level: u8, linked: Linked) -> Turn {
        self.levels.remove(level + 1);
        match linked {
            Linked::Ours => self.taken(level),
            Linked::Newcomers => self.link_again(level),
        }
    }

    pub(super) fn taken(&mut self, level: u8) -> Turn {
        match level {
            _ if self.goal == Goal::Tidy(level) => self.give_up_reclaims(Then::Tidy),
            0 => self.judge_reclaim_beside(0),
            // The file at the level below is compared before it is removed.
            _ if self.knows_dead() => self.judge(level - 1, Reclaim::Held),
            _ => self.judge_under(level - 1),
        }
    }

    /// Judges the file at a level again, under its reclaim lock.
    fn judge_under(&mut self, level: u8) -> Turn {
        self.examine(State::Take(Take::JudgeUnder(level)), level)
    }

    // again later: settling

    fn settle(&mut self, level: u8) -> Turn {
        if self.now >= PATIENCE {
            return self.contended(level);
        }
        if self.settling.remember(level, self.examine.found()) {
            return self.call(State::Take(Take::Keep(level)), Call::Keep { level });
        }
        self.give_up_reclaims(Then::Settle(level))
    }
}
