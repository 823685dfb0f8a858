//! The steps once the name is ours: *verify*, or the end of *in place*; then *tidy* and *sweep*.

use super::{
    Claims, Goal, IN_PLACE_RECLAIM, Machine, OTHER_RECLAIM, PATIENCE, State, Turn, Verdict, Verify,
    Wait,
    examine::Seen,
    outcome::{Awaited, Cause, Error, Failure, Occupation, Operation, Warning},
    sweeps_unasked,
};
use crate::{
    call::{Call, Maker, Reply},
    facts::ErrorCode,
    names::Name,
};

impl Machine {
    // verify, step 1; in place, step 2

    /// Judges the reclaim lock beside this level: its holder may be about to remove our file.
    pub(super) fn judge_reclaim_beside(&mut self, level: u8) -> Turn {
        self.examine(State::Verify(Verify::Judge(level)), level + 1)
    }

    pub(super) fn seen_beside(&mut self, level: u8, seen: Seen) -> Turn {
        match seen {
            // A holder of the reclaim lock that has a claim examines the lock again before it removes it. And at no
            // time could our file be judged dead.
            Seen::File if self.unsure.is_none() && self.found().claim.is_some() => {
                self.litter |= self.found().is_dead().is_some();
                self.verify(level)
            }
            Seen::File if self.needs_age() => {
                self.call(State::Verify(Verify::Age(level)), Call::StatClaim)
            }
            Seen::File => self.judge_beside(level),
            Seen::Failed(operation, code) if self.unsure.is_some() => {
                self.abort(Failure::to_see(operation, level + 1, code).into())
            }
            Seen::Failed(..) => self.wait_for_reclaim(level, None),
            Seen::Gone | Seen::NotALock(_) => self.verify(level),
        }
    }

    pub(super) fn judge_beside(&mut self, level: u8) -> Turn {
        match self.verdict(level + 1) {
            Verdict::Dead(_) => {
                self.litter = true;
                self.verify(level)
            }
            Verdict::Unsettled
                if self.unsure.is_some()
                    && self.settling.remember(level + 1, self.examine.found()) =>
            {
                let call = Call::Keep { level: level + 1 };
                self.call(State::Verify(Verify::Keep(level)), call)
            }
            // Also a malformed one: its maker may be about to write.
            Verdict::Held | Verdict::Unsettled | Verdict::Watched => {
                self.wait_for_reclaim(level, self.found().pid)
            }
        }
    }

    pub(super) fn wait_for_reclaim(&mut self, level: u8, pid: Option<u32>) -> Turn {
        let waited = match self.other.get_or_insert(None) {
            Some(since) => self.now.saturating_sub(*since),
            None => 0,
        };
        let patience = match self.unsure {
            None => OTHER_RECLAIM,
            Some(_) => IN_PLACE_RECLAIM,
        };
        let patient = waited < patience && self.now < PATIENCE;
        match self.unsure {
            None if !patient => {
                self.warnings.push(Warning::OtherReclaim(pid));
                self.verify(level)
            }
            // It may be a lockhost process that has seen our file empty and has not removed it yet.
            Some(_) if !patient || self.goal != Goal::Lock => {
                self.abort(Error::at(level + 1, Cause::Held(Occupation::Reclaiming)))
            }
            _ => {
                let state = State::Wait(Wait::OtherReclaim(level));
                self.again(state, Awaited::OtherReclaim, level + 1)
            }
        }
    }

    // verify, step 2; in place, step 3

    fn verify(&mut self, level: u8) -> Turn {
        self.compare_own(State::Verify(Verify::Compare(level)), level)
    }

    pub(super) fn verified(&mut self, level: u8, reply: Reply) -> Turn {
        let id = reply.id();
        if let Err(code) = id
            && code != ErrorCode::NoEntry
        {
            return self.fail_at(Operation::Stat, level, code);
        }
        self.unsure = None;
        // The wait for another reclaim, or beside another level, begins anew.
        self.other = None;
        if !self.is_own(level, id) {
            // A process that did not know of us took the name; the next examination shows which one.
            self.levels.remove(level);
            return self.link_again(level);
        }
        if level > 0 {
            self.taken(level)
        } else {
            self.sure()
        }
    }

    fn sure(&mut self) -> Turn {
        // Some owners sweep without a cause, so that litter that no attempt meets does not stay for ever.
        let unasked = |maker: &Maker| sweeps_unasked(&maker.identity);
        if self.litter || self.maker.as_ref().is_some_and(unasked) {
            self.sweep(Claims::Listed)
        } else {
            self.owned()
        }
    }

    fn sweep(&mut self, claims: Claims) -> Turn {
        let victims = core::mem::take(&mut self.victims);
        let evidence = self.keeps_evidence();
        let call = self.sweep.begin(self.claim(), self.born, victims, evidence);
        self.call(State::Sweep(claims), call)
    }

    /// Returns whether a kernel keeps evidence here.
    pub(super) fn keeps_evidence(&self) -> bool {
        self.maker.is_some_and(|maker| maker.evidence)
    }

    // sweep and tidy: nothing from here on costs the lock

    pub(super) fn leftover(&mut self, level: u8, reply: Reply) -> Turn {
        if reply.id().is_ok() {
            self.goal = Goal::Tidy(level);
            return self.link(level);
        }
        self.next_leftover(level - 1)
    }

    /// Tidies the deepest level first, so that each has nothing above it at its turn.
    pub(super) fn next_leftover(&mut self, level: u8) -> Turn {
        if level > 0 {
            let name = Name::Level(level);
            return self.call(State::Tidy(level), Call::Id { name });
        }
        // What was at no other level is at none now: the claim of a level, under each of its names.
        match self.victims.is_empty() {
            true => self.owned(),
            false => self.sweep(Claims::Tidied),
        }
    }
}
