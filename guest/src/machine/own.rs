//! The lock is linked: *beside the original*, then sweeping.

use super::{
    Goal, IN_PLACE_RECLAIM, Machine, OTHER_RECLAIM, PATIENCE, State, Turn, Verdict, end::unseen,
    sweeps_unasked,
};
use crate::{
    call::{Call, Maker, Reply},
    contract::{Awaited, ErrorCode, Occupation, Operation},
    dropping::Levels,
    examine::Seen,
    lockfile::DEEPEST,
    restore::Restore,
    stop::{Stop, Warning},
};

impl Machine {
    // beside the original, and without hard links

    /// Is anybody at the next level's name who may be about to remove ours?
    pub(super) fn look_for_other(&mut self, level: u8) -> Turn {
        self.examine(State::Other(level), level + 1)
    }

    pub(super) fn other_seen(&mut self, level: u8, seen: Seen) -> Turn {
        match seen {
            // Whoever holds a reclaim lock and is one of us looks again before it removes anything, and our file was
            // never to be taken for a dead one.
            Seen::File if self.unsure.is_none() && self.found().claim.is_some() => {
                self.litter |= self.found().is_dead().is_some();
                self.verify(level)
            }
            Seen::File if self.needs_age() => self.call(State::AgeOther(level), Call::StatClaim),
            Seen::File => self.judge_other(level),
            Seen::Failed(operation, code) if self.unsure.is_some() => {
                self.abort(Stop::Failed(unseen(operation, level + 1, code)))
            }
            Seen::Failed(..) => self.wait_for_other(level, None),
            Seen::Gone | Seen::NotALock(_) => self.verify(level),
        }
    }

    pub(super) fn judge_other(&mut self, level: u8) -> Turn {
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
                self.call(State::KeepOther(level), call)
            }
            // Also one that names nobody yet: its maker may be about to write.
            Verdict::Held | Verdict::Unsettled => self.wait_for_other(level, self.found().pid),
        }
    }

    pub(super) fn wait_for_other(&mut self, level: u8, pid: Option<u32>) -> Turn {
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
            // It may be one of us, which has seen our file empty and has not come to its removal yet.
            Some(_) if !patient || self.goal != Goal::Lock => {
                self.abort(Stop::Held(level + 1, Occupation::Reclaiming))
            }
            _ => {
                self.state = State::WaitOther(level);
                self.again(Awaited::OtherReclaim, level + 1)
            }
        }
    }

    fn verify(&mut self, level: u8) -> Turn {
        self.compare(State::Verify(level), level)
    }

    pub(super) fn verified(&mut self, level: u8, reply: Reply) -> Turn {
        let id = reply.id();
        if let Err(code) = id
            && code != ErrorCode::NoEntry
        {
            return self.fail_at(Operation::Stat, level, code);
        }
        self.unsure = None;
        // Another reclaim, or one beside another level, is waited for anew.
        self.other = None;
        if !self.is_own(level, id) {
            // Whoever made room for itself did not know us; the next look tells who it is.
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
        // Some sweep without a cause, so that litter nobody runs into does not stay for ever.
        let unasked = |maker: &Maker| sweeps_unasked(&maker.identity);
        if self.litter || self.maker.as_ref().is_some_and(unasked) {
            self.next_leftover(DEEPEST)
        } else {
            self.owned()
        }
    }

    // owned: sweeping; nothing from here on costs the lock

    pub(super) fn leftover(&mut self, level: u8, reply: Reply) -> Turn {
        if reply.id().is_ok() {
            self.goal = Goal::Tidy(level);
            return self.link(level);
        }
        self.next_leftover(level - 1)
    }

    /// The deepest first, so that each has nothing above it when its turn comes.
    pub(super) fn next_leftover(&mut self, level: u8) -> Turn {
        if level > 0 {
            return self.compare(State::Leftover(level), level);
        }
        let victims = core::mem::take(&mut self.victims);
        let call = self.sweep.begin(self.claim(), self.born, victims);
        self.call(State::Sweep, call)
    }

    pub(super) fn owned(&mut self) -> Turn {
        self.state = State::Owned;
        self.end = Ok(());
        None
    }

    // putting the lock file back

    /// What puts the lock file back that was removed under this owner. `None` unless the lock is held, and its release
    /// has not begun.
    #[must_use]
    pub fn restore(&self) -> Option<Restore> {
        let own = self.own().filter(|_| self.state == State::Owned)?;
        Some(Restore::new(self.maker.filter(|_| !self.in_place), own))
    }

    /// Counts the lock as lost: its release begins before its file was put back for certain.
    pub fn lose(&mut self) {
        self.lost = true;
    }

    /// Takes in how far that has come: the claim may be another file, and the lock lost for good.
    pub fn restored(&mut self, restore: &Restore) {
        if self.state != State::Owned {
            return;
        }
        let own = restore.own();
        if self.own() != Some(own) {
            // The old file is not open any more, so its number may be another file's, at a reclaim lock as well.
            self.levels = Levels::default();
        }
        self.levels.insert(0, own);
        if !self.in_place {
            self.own = own;
        }
        self.lost |= restore.is_lost();
    }
}
