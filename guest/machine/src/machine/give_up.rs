//! The removal of our names: each only if it is our own file, the deepest last, then the claim, then the evidence.
//!
//! A file made in place is removed only once it is certain that no process is replacing it. Until then, one process may
//! be about to remove that name, and another to take it, between our check and our removal. Instead, the file is made
//! to name no owner, through the open file and not through its name. It is then removed as any such file is.
//!
//! The claim goes while the evidence is still there. So no process ever sees a living process's claim without its lock,
//! once the owner has written into it.

use super::outcome::{Failure, Operation};
use crate::{
    call::{Call, FileId, Known, Reply},
    facts::ErrorCode,
    names::{DEEPEST, Identity, Name},
};

/// The levels at which a file of ours may have a name, and the id of each file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Levels {
    /// The levels, one bit each.
    set: u16,
    files: [FileId; DEEPEST as usize + 1],
}

impl Levels {
    /// Adds a level.
    pub fn insert(&mut self, level: u8, file: FileId) {
        self.set |= 1 << level;
        self.put(level, file);
    }

    /// Removes a level.
    pub fn remove(&mut self, level: u8) {
        self.set &= !(1 << level);
        // A level that is not in the set must not make two sets differ.
        self.put(level, FileId::default());
    }

    /// Returns our file at a level.
    #[must_use]
    pub fn get(&self, level: u8) -> Option<FileId> {
        let file = self.files.get(usize::from(level))?;
        (self.set & (1 << level) != 0).then_some(*file)
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> u8 {
        self.set.count_ones() as u8
    }

    /// Returns whether there is no level.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set == 0
    }

    /// Removes and returns the lock file itself, or else the reclaim lock next to it.
    pub fn take_first(&mut self) -> Option<(u8, FileId)> {
        let level = self.set.trailing_zeros() as u8;
        let file = self.get(level)?;
        self.remove(level);
        Some((level, file))
    }

    /// Returns all levels but the lock file itself.
    #[must_use]
    pub fn above(mut self) -> Self {
        self.remove(0);
        self
    }

    fn put(&mut self, level: u8, file: FileId) {
        if let Some(slot) = self.files.get_mut(usize::from(level)) {
            *slot = file;
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    #[default]
    Compare,
    Remove,
    Disown,
    CompareClaim,
    RemoveClaim,
    Forget,
}

/// Names that are given up, and the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct GiveUp {
    own: FileId,
    /// Our claim, if it goes too.
    claim: Option<Identity>,
    /// Whether a kernel keeps evidence, or names are compared as if one did.
    evidence: bool,
    /// How many names the claim has, if those that could not be removed, and those that are still to be compared, are its own.
    names: u8,
    levels: Levels,
    /// The levels whose file has our number, and fewer names than our claim should have. Another name may not have been ours,
    /// so these are compared once more when the others are gone.
    doubtful: Levels,
    /// The level of a file that is not certain to be ours alone.
    unsure: Option<u8>,
    /// The level that is given up now, and our file there.
    current: (u8, FileId),
    stage: Stage,
    /// The levels that still have our file, because it could not be removed.
    pub left: Levels,
    /// Whether the lock's name was to be given up, and was not ours.
    pub lost: bool,
    /// The first failure.
    pub failure: Option<Failure>,
}

impl GiveUp {
    /// Begins to give up these levels, of which one may be unsure, and the claim, if one is named: it is the file
    /// `own`, and has `names` names if all these levels are its own. Returns `None` if there is nothing to do.
    pub fn begin(
        &mut self,
        levels: Levels,
        unsure: Option<u8>,
        own: FileId,
        claim: Option<Identity>,
        evidence: bool,
        names: u8,
    ) -> Option<Call> {
        *self = Self {
            own,
            claim,
            evidence,
            names,
            levels,
            unsure,
            ..Self::default()
        };
        self.next_level()
    }

    /// Goes on with the reply to the last call. Returns `None` once it is over.
    pub fn reply(&mut self, reply: Reply) -> Option<Call> {
        let (level, file) = self.current;
        match self.stage {
            Stage::Compare if reply == Reply::Differs && !self.levels.is_empty() => {
                self.names = self.names.saturating_sub(1);
                self.doubtful.insert(level, file);
            }
            Stage::Compare => match reply.id() {
                Ok(id) if id == file => {
                    let name = Name::Level(level);
                    return self.call(Stage::Remove, Call::Unlink { name });
                }
                Ok(_) | Err(ErrorCode::NoEntry) => self.gone(true),
                // A process that has given up its rights since may not open its own file any more.
                Err(ErrorCode::Access | ErrorCode::NotPermitted) if !self.evidence => {
                    self.evidence = true;
                    let name = Name::Level(level);
                    return self.call(Stage::Compare, Call::Id { name });
                }
                Err(code) => self.stuck(Operation::Stat, code),
            },
            Stage::Remove => match reply.done() {
                Ok(()) => self.gone(false),
                Err(ErrorCode::NoEntry) => self.gone(true),
                Err(code) => self.stuck(Operation::Remove, code),
            },
            Stage::Disown => {
                if let Err(code) = reply.done() {
                    self.fail(Operation::Write, Name::Level(level), code);
                }
            }
            Stage::CompareClaim => {
                let name = Name::Claim(self.claim?);
                match reply.id() {
                    Ok(id) if id == self.own => {
                        return self.call(Stage::RemoveClaim, Call::Unlink { name });
                    }
                    Ok(_) | Err(ErrorCode::NoEntry) => {}
                    Err(code) => self.fail(Operation::Stat, name, code),
                }
                return self.call(Stage::Forget, Call::Forget);
            }
            Stage::RemoveClaim => {
                let name = Name::Claim(self.claim?);
                match reply.done() {
                    Ok(()) | Err(ErrorCode::NoEntry) => {}
                    Err(code) => self.fail(Operation::Remove, name, code),
                }
                return self.call(Stage::Forget, Call::Forget);
            }
            Stage::Forget => return None,
        }
        self.next_level()
    }

    fn call(&mut self, stage: Stage, call: Call) -> Option<Call> {
        self.stage = stage;
        Some(call)
    }

    fn next_level(&mut self) -> Option<Call> {
        if self.levels.is_empty() && !self.doubtful.is_empty() {
            self.levels = core::mem::take(&mut self.doubtful);
            self.names += self.levels.count();
        }
        if let Some(current) = self.levels.take_first() {
            self.current = current;
            let (level, file) = current;
            return if self.unsure == Some(level) {
                self.call(Stage::Disown, Call::Disown { level })
            } else {
                let name = Name::Level(level);
                let names = self.names;
                let call = Call::compare(name, file, Known::Ours { names }, self.evidence);
                self.call(Stage::Compare, call)
            };
        }
        let name = Name::Claim(self.claim?);
        if self.left == Levels::default() {
            self.call(Stage::CompareClaim, Call::Id { name })
        } else {
            // The claim stays beside a name that could not be removed: better than the pid alone, it shows when the
            // owner is dead.
            self.call(Stage::Forget, Call::Forget)
        }
    }

    /// Goes on where the current level has no file of ours any more.
    fn gone(&mut self, unexpectedly: bool) {
        self.lost |= unexpectedly && self.current.0 == 0;
        self.names = self.names.saturating_sub(1);
    }

    fn stuck(&mut self, what: Operation, code: ErrorCode) {
        let (level, file) = self.current;
        self.left.insert(level, file);
        self.fail(what, Name::Level(level), code);
    }

    fn fail(&mut self, operation: Operation, name: Name, code: ErrorCode) {
        self.failure
            .get_or_insert(Failure::of(operation, name, code));
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;

    #[test]
    fn each_level_has_its_own_file() {
        let levels = 0..=DEEPEST;
        let file = |level| FileId(u64::from(level) + 1, 0);
        for level in levels.clone() {
            let mut set = Levels::default();
            set.insert(level, file(level));
            for other in levels.clone() {
                let expected = (other == level).then(|| file(level));
                assert_eq!(set.get(other), expected, "{other} of {level}");
            }
            assert_eq!(set.take_first(), Some((level, file(level))));
            assert_eq!(set, Levels::default());
        }
    }

    const OWN: FileId = FileId(1, 1);
    const OTHER: FileId = FileId(1, 2);
    const LOCK: Name = Name::Level(0);
    const IO: Reply = Reply::Failed(ErrorCode::Io);
    const GONE: Reply = Reply::Failed(ErrorCode::NoEntry);

    fn claim() -> Name {
        Name::Claim(Identity::new("1-p7").unwrap())
    }

    /// Gives these levels and the claim up, with these replies. Returns the calls after the first one, and what is known then.
    fn given_up(
        levels: &[u8],
        unsure: Option<u8>,
        replies: impl IntoIterator<Item = Reply>,
    ) -> (Vec<Call>, GiveUp) {
        let mut set = Levels::default();
        levels.iter().for_each(|level| set.insert(*level, OWN));
        let Name::Claim(identity) = claim() else {
            unreachable!()
        };
        let mut give_up = GiveUp::default();
        let mut next = give_up.begin(set, unsure, OWN, Some(identity), true, 2);
        let mut calls = Vec::new();
        for reply in replies {
            assert!(next.is_some(), "it ended after {calls:?}");
            next = give_up.reply(reply);
            calls.extend(next);
        }
        assert_eq!(next, None, "it goes on after {calls:?}");
        (calls, give_up)
    }

    fn failure(operation: Operation, name: Name) -> Option<Failure> {
        Some(Failure::of(operation, name, ErrorCode::Io))
    }

    /// A process that has given up its rights removes its own files all the same.
    #[test]
    fn a_name_that_may_not_be_opened_is_compared_all_the_same() {
        for code in [ErrorCode::Access, ErrorCode::NotPermitted] {
            let mut levels = Levels::default();
            levels.insert(0, OWN);
            let mut give_up = GiveUp::default();
            let (name, file) = (LOCK, OWN);
            let next = give_up.begin(levels, None, OWN, None, false, 2);
            let known = Known::Ours { names: 2 };
            assert_eq!(next, Some(Call::Same { name, file, known }));
            let next = give_up.reply(Reply::Failed(code));
            assert_eq!(next, Some(Call::Id { name }));
            let next = give_up.reply(Reply::Id(OWN));
            assert_eq!(next, Some(Call::Unlink { name }));
        }
    }

    /// Begins to give up the lock and its reclaim lock on a share.
    fn both_levels() -> GiveUp {
        let mut levels = Levels::default();
        levels.insert(0, OWN);
        levels.insert(1, OWN);
        let mut give_up = GiveUp::default();
        let next = give_up.begin(levels, None, OWN, None, false, 3);
        assert_eq!(next, compares(0, 3));
        give_up
    }

    fn compares(level: u8, names: u8) -> Option<Call> {
        let (name, file) = (Name::Level(level), OWN);
        let known = Known::Ours { names };
        Some(Call::Same { name, file, known })
    }

    fn removes(level: u8) -> Option<Call> {
        let name = Name::Level(level);
        Some(Call::Unlink { name })
    }

    #[test]
    fn with_each_level_that_goes_our_claim_has_one_name_less() {
        let mut give_up = both_levels();
        assert_eq!(give_up.reply(Reply::Id(OWN)), removes(0));
        assert_eq!(give_up.reply(Reply::Done), compares(1, 2));
        let mut give_up = both_levels();
        assert_eq!(give_up.reply(Reply::Id(OTHER)), compares(1, 2));
        let mut give_up = both_levels();
        assert_eq!(give_up.reply(Reply::Id(OWN)), removes(0));
        assert_eq!(give_up.reply(IO), compares(1, 3), "it has the name still");
    }

    /// A reclaim lock whose removal seemed to fail had one of the names.
    #[test]
    fn a_lock_with_too_few_names_is_compared_again_at_the_end() {
        let mut give_up = both_levels();
        assert_eq!(give_up.reply(Reply::Differs), compares(1, 2));
        assert_eq!(give_up.reply(GONE), compares(0, 2));
        assert_eq!(give_up.reply(Reply::Id(OWN)), removes(0));
        assert_eq!(give_up.reply(Reply::Done), None);
        assert!(!give_up.lost);
    }

    #[test]
    fn a_lock_that_has_our_number_alone_is_lost_at_the_second_look() {
        let mut give_up = both_levels();
        assert_eq!(give_up.reply(Reply::Differs), compares(1, 2));
        assert_eq!(give_up.reply(Reply::Id(OWN)), removes(1));
        assert_eq!(give_up.reply(Reply::Done), compares(0, 2));
        assert_eq!(give_up.reply(Reply::Differs), None);
        assert!(give_up.lost);
    }

    #[test]
    fn names_of_our_file_go_then_the_claim_then_the_evidence() {
        let own = || Reply::Id(OWN);
        let replies = [own(), Reply::Done, own(), Reply::Done, Reply::Done];
        let (calls, end) = given_up(&[0], None, replies);
        let removed = [
            Call::Unlink { name: LOCK },
            Call::Id { name: claim() },
            Call::Unlink { name: claim() },
            Call::Forget,
        ];
        assert_eq!(calls, removed);
        assert_eq!((end.lost, end.failure), (false, None));
        assert!(end.left.is_empty());
    }

    #[test]
    fn another_file_at_a_name_stays() {
        for there in [Reply::Id(OTHER), GONE] {
            for (level, is_lost) in [(0, true), (1, false)] {
                let replies = [there.clone(), there.clone(), Reply::Done];
                let (calls, end) = given_up(&[level], None, replies);
                assert_eq!(calls, [Call::Id { name: claim() }, Call::Forget]);
                assert_eq!((end.lost, end.failure), (is_lost, None));
                assert!(end.left.is_empty());
            }
        }
    }

    #[test]
    fn a_name_that_goes_too_early_is_a_loss_of_the_lock_alone() {
        for (level, is_lost) in [(0, true), (1, false)] {
            let replies = [Reply::Id(OWN), GONE, Reply::Id(OWN), GONE, Reply::Done];
            let (_, end) = given_up(&[level], None, replies);
            assert_eq!((end.lost, end.failure), (is_lost, None));
        }
    }

    #[test]
    fn beside_a_name_that_stays_the_claim_stays() {
        let not_seen = (vec![IO, Reply::Done], Operation::Stat);
        let not_removed = (vec![Reply::Id(OWN), IO, Reply::Done], Operation::Remove);
        for (replies, operation) in [not_seen, not_removed] {
            let (calls, end) = given_up(&[0], None, replies);
            assert_eq!(calls.last(), Some(&Call::Forget));
            assert!(!calls.contains(&Call::Id { name: claim() }));
            assert_eq!(end.left.get(0), Some(OWN));
            assert_eq!((end.lost, end.failure), (false, failure(operation, LOCK)));
        }
    }

    #[test]
    fn a_claim_that_cannot_be_removed_is_a_failure() {
        let not_seen = (vec![IO, Reply::Done], Operation::Stat);
        let not_removed = (vec![Reply::Id(OWN), IO, Reply::Done], Operation::Remove);
        for (replies, operation) in [not_seen, not_removed] {
            let (calls, end) = given_up(&[], None, replies);
            assert_eq!(calls.last(), Some(&Call::Forget));
            assert_eq!(end.failure, failure(operation, claim()));
        }
    }

    #[test]
    fn a_file_that_may_be_another_ones_is_made_to_name_no_owner() {
        for (reply, failed) in [(Reply::Done, None), (IO, failure(Operation::Write, LOCK))] {
            let replies = [reply, Reply::Id(OWN), Reply::Done, Reply::Done];
            let (calls, end) = given_up(&[0], Some(0), replies);
            assert!(!calls.contains(&Call::Unlink { name: LOCK }));
            assert!(calls.contains(&Call::Unlink { name: claim() }));
            assert_eq!((end.lost, end.failure), (false, failed));
        }
    }

    #[test]
    fn the_first_failure_is_reported() {
        let replies = [
            IO,
            Reply::Id(OWN),
            Reply::Failed(ErrorCode::Access),
            Reply::Done,
        ];
        let (_, end) = given_up(&[0, 1], None, replies);
        assert_eq!(end.failure.map(|it| it.code), Some(ErrorCode::Io));
        assert!(end.left.get(0).is_some() && end.left.get(1).is_some());
    }
}
