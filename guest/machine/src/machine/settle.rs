//! The rules by which a file that names no owner counts as dead. It may be another program's, between its creation and
//! its first write.
//!
//! It has settled when it is more than a minute older than our claim, by the times that the file system itself gave the
//! two. It has also settled when it was seen unchanged for three seconds. File times may be coarse, or lie in the
//! future; then only the second rule is left.

use alloc::vec::Vec;

use super::examine::Found;
use crate::{call::FileId, facts::Datetime};

/// How much older than our claim a settled file is, in seconds.
const OLD: u64 = 60;

/// How long a settled file was seen unchanged, in milliseconds.
const UNCHANGED: u64 = 3_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Sighting {
    level: u8,
    id: FileId,
    size: u64,
    modified: Option<Datetime>,
    /// When the attempt went on after it saw this file. The machine knows of the sighting itself only that it was no
    /// earlier than its call. If that time counted, a process stopped between the two would treat a fresh file as long
    /// seen.
    since: Option<u64>,
}

impl Sighting {
    fn is(&self, found: &Found) -> bool {
        self.id == found.id && self.size == found.stat.size && self.modified == found.stat.modified
    }
}

/// The sightings of files that name no owner, at each level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settling {
    sightings: Vec<Sighting>,
}

impl Settling {
    /// Sets the time: `now` is how long ago the attempt began, in milliseconds.
    pub fn resume(&mut self, now: u64) {
        for sighting in &mut self.sightings {
            sighting.since.get_or_insert(now);
        }
    }

    /// Returns whether this file, seen at this level, has settled.
    #[must_use]
    pub fn has_settled(&self, level: u8, found: &Found, claim: Option<Datetime>, now: u64) -> bool {
        is_old(found.stat.modified, claim)
            || self
                .sightings
                .iter()
                .find(|seen| seen.level == level && seen.is(found))
                .and_then(|seen| seen.since)
                .is_some_and(|since| now.saturating_sub(since) >= UNCHANGED)
    }

    /// Remembers this file. Returns whether it is new: then it must be kept open, so that no other file can get its id.
    pub fn remember(&mut self, level: u8, found: &Found) -> bool {
        let sighting = Sighting {
            level,
            id: found.id,
            size: found.stat.size,
            modified: found.stat.modified,
            since: None,
        };
        match self.sightings.iter_mut().find(|seen| seen.level == level) {
            Some(seen) if seen.is(found) => return false,
            Some(seen) => *seen = sighting,
            None => self.sightings.push(sighting),
        }
        true
    }
}

/// Returns whether a file was last written more than a minute before our claim, by the times that the file system gave
/// them.
pub(super) fn is_old(file: Option<Datetime>, claim: Option<Datetime>) -> bool {
    match (file, claim) {
        (Some(file), Some(claim)) => {
            let limit = (file.seconds.saturating_add(OLD), file.nanoseconds);
            (claim.seconds, claim.nanoseconds) > limit
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::FileStat,
        facts::{DeadReason, DescriptorType, Liveness},
    };

    fn time(seconds: u64) -> Option<Datetime> {
        Some(Datetime {
            seconds,
            nanoseconds: 5,
        })
    }

    fn empty(id: u64, modified: Option<Datetime>) -> Found {
        Found {
            id: FileId(id, 0),
            stat: FileStat {
                kind: DescriptorType::RegularFile,
                size: 0,
                links: 1,
                modified,
            },
            pid: None,
            claim: None,
            missed: None,
            liveness: Liveness::Dead(DeadReason::Nobody),
            unread: false,
        }
    }

    #[test]
    fn an_old_file_has_settled_at_once() {
        let settling = Settling::default();
        assert!(settling.has_settled(0, &empty(1, time(1000)), time(1061), 0));
        assert!(!settling.has_settled(0, &empty(1, time(1000)), time(1060), 0));
    }

    #[test]
    fn a_file_from_the_future_or_without_a_time_is_not_old() {
        let settling = Settling::default();
        assert!(!settling.has_settled(0, &empty(1, time(u64::MAX)), time(1000), 0));
        assert!(!settling.has_settled(0, &empty(1, None), time(1000), 0));
        assert!(!settling.has_settled(0, &empty(1, time(1)), None, 0));
    }

    #[test]
    fn an_unchanged_file_settles_after_three_seconds() {
        let mut settling = Settling::default();
        let file = empty(1, time(1000));
        assert!(settling.remember(0, &file));
        assert!(
            !settling.has_settled(0, &file, time(1000), 60_000),
            "seen, but not yet gone on"
        );
        settling.resume(10_000);
        assert!(!settling.has_settled(0, &file, time(1000), 12_999));
        assert!(settling.has_settled(0, &file, time(1000), 13_000));
    }

    #[test]
    fn a_changed_file_begins_anew() {
        let mut settling = Settling::default();
        settling.remember(0, &empty(1, time(1000)));
        settling.resume(0);
        for other in [empty(2, time(1000)), empty(1, time(1001))] {
            assert!(!settling.has_settled(0, &other, time(1000), 60_000));
        }
        assert!(
            !settling.has_settled(1, &empty(1, time(1000)), time(1000), 60_000),
            "another level"
        );
        assert!(
            !settling.remember(0, &empty(1, time(1000))),
            "still the one that was seen"
        );
        assert!(settling.remember(0, &empty(2, time(1000))));
        settling.resume(70_000);
        assert!(!settling.has_settled(0, &empty(2, time(1000)), time(1000), 72_000));
    }
}
