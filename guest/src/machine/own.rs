//! The lock is linked: *beside the original*, then sweeping.

use super::{Goal, Machine, OTHER_RECLAIM, PATIENCE, State, Turn, Verdict, sweeps_unasked};
use crate::{
    call::{Call, Reply},
    contract::{Awaited, ErrorCode, Operation},
    examine::Seen,
    lockfile::DEEPEST,
    stop::Warning,
};

impl Machine {
    // beside the original

    pub(super) fn look_for_other(&mut self) -> Turn {
        self.examine(State::Other, 1)
    }

    pub(super) fn other_seen(&mut self, seen: Seen) -> Turn {
        match seen {
            // Whoever holds a reclaim lock and is one of us looks again before it removes anything.
            Seen::File if self.found().claim.is_some() => {
                self.litter |= self.found().is_dead().is_some();
                self.verify()
            }
            Seen::File if self.needs_age() => self.call(State::AgeOther, Call::StatClaim),
            Seen::File => self.judge_other(),
            Seen::Failed(..) => self.wait_for_other(None),
            Seen::Gone | Seen::NotALock(_) => self.verify(),
        }
    }

    pub(super) fn judge_other(&mut self) -> Turn {
        match self.verdict(1) {
            Verdict::Dead(_) => {
                self.litter = true;
                self.verify()
            }
            // Also one that names nobody yet: its maker may be about to write.
            Verdict::Held | Verdict::Unsettled => self.wait_for_other(self.found().pid),
        }
    }

    pub(super) fn wait_for_other(&mut self, pid: Option<u32>) -> Turn {
        let waited = match self.other.get_or_insert(None) {
            Some(since) => self.now.saturating_sub(*since),
            None => 0,
        };
        if waited < OTHER_RECLAIM && self.now < PATIENCE {
            self.state = State::WaitOther;
            return self.again(Awaited::OtherReclaim, 1);
        }
        self.warnings.push(Warning::OtherReclaim(pid));
        self.verify()
    }

    pub(super) fn verify(&mut self) -> Turn {
        self.compare(State::Verify, 0)
    }

    pub(super) fn verified(&mut self, reply: Reply) -> Turn {
        match reply.id() {
            // Some sweep without a cause, so that litter nobody runs into does not stay for ever.
            Ok(id) if id == self.own => {
                if self.litter || self.claim().is_some_and(|own| sweeps_unasked(&own)) {
                    self.compare(State::Leftover(1), 1)
                } else {
                    self.owned()
                }
            }
            // Whoever made room for itself did not know us; the next look tells who it is. Another reclaim is waited
            // for anew then.
            Ok(_) | Err(ErrorCode::NoEntry) => {
                self.levels.remove(0);
                self.other = None;
                self.link_again(0)
            }
            Err(code) => self.fail_at(Operation::Stat, 0, code),
        }
    }

    // owned: sweeping; nothing from here on costs the lock

    pub(super) fn leftover(&mut self, level: u8, reply: Reply) -> Turn {
        if reply.id().is_ok() {
            self.leftovers.push(level);
        }
        if level < DEEPEST {
            return self.compare(State::Leftover(level + 1), level + 1);
        }
        self.tidy()
    }

    pub(super) fn tidy(&mut self) -> Turn {
        if let Some(level) = self.leftovers.pop() {
            self.goal = Goal::Tidy(level);
            return self.link(level);
        }
        let victims = core::mem::take(&mut self.victims);
        let call = self.sweep.begin(self.claim(), victims);
        self.call(State::Sweep, call)
    }

    pub(super) fn owned(&mut self) -> Turn {
        self.state = State::Owned;
        self.end = Ok(());
        None
    }
}
