//! A record of the files that had the lock's name, between a check that found the lock's own file and its restoration.

use std::fs::File;

use crate::lock::watch::Names;

/// The record of the files that got the lock's name.
///
/// It is certain under two conditions that no other file got it. A check found the lock's own file there after the
/// record began. Since then only one file got the name: the lock's own, which was put back.
#[derive(Debug)]
pub(super) struct Journal {
    names: Names,
    known: Known,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Nothing,
    /// The number of files that got the name since a check found the lock's own.
    Files(u32),
}

impl Journal {
    /// Begins the record, in the directory of a lock. Returns `None` where a system records no names.
    pub(super) fn begin(directory: &File, name: &str) -> Option<Self> {
        Some(Self {
            names: Names::record(directory, name).ok()?,
            known: Known::Nothing,
        })
    }

    /// Reads what has been recorded, before a check. The kernel keeps no more than some thousands of reports.
    pub(super) fn read(&mut self) {
        self.known = self.known.and(self.names.take());
    }

    /// Notes that a check after [`read`](Self::read) found the lock's own file in its place.
    pub(super) fn found(&mut self) {
        self.known = self.known.found();
    }

    /// Returns whether no other file had the name, after the lock's own file was put back and found in its place.
    pub(super) fn is_only_own(&mut self) -> bool {
        self.read();
        let is_only_own = self.known == Known::Files(1);
        self.known = match is_only_own {
            true => Known::Files(0),
            false => Known::Nothing,
        };
        is_only_own
    }
}

impl Known {
    fn and(self, more: Option<u32>) -> Self {
        match (self, more) {
            (Self::Files(before), Some(more)) => Self::Files(before.saturating_add(more)),
            // What was recorded before a check does not affect what is known after it.
            _ => Self::Nothing,
        }
    }

    fn found(self) -> Self {
        match self {
            Self::Nothing => Self::Files(0),
            // These are kept: the file may have been moved away, and back.
            files => files,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_without_a_look_after_a_gap() {
        assert_eq!(Known::Nothing.and(Some(0)), Known::Nothing);
        assert_eq!(Known::Nothing.and(Some(1)).found(), Known::Files(0));
        assert_eq!(Known::Files(0).and(None), Known::Nothing);
    }

    #[test]
    fn a_look_forgets_no_file() {
        let known = Known::Files(0).and(Some(1)).found();
        assert_eq!(known.and(Some(1)), Known::Files(2));
    }
}
