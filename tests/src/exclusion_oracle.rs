//! A record of owners and their times, independent of the lock that is tested.
//!
//! An owner takes flock(2) on a file of its own opening. It writes into a journal (O_APPEND, one write a line) when it
//! begins and when it ends. The kernel drops the flock when a process dies, before any process can see it dead: a
//! process becomes a zombie, and its pid free, only after its files are closed. So a process that was let in finds the
//! flock free unless another one that was let in is still there. If the journal shows no end of an earlier owner by
//! then, that owner was killed, which its killer has to confirm.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A place where owners are recorded, which must not be the directory that they own.
#[derive(Clone, Debug)]
pub struct ExclusionOracle {
    owner: PathBuf,
    journal: PathBuf,
}

/// An owner's time, until it ends.
#[derive(Debug)]
pub struct Tenure {
    journal: File,
    name: String,
    alone: bool,
    /// Locked, if the owner is alone.
    _owner: File,
}

impl ExclusionOracle {
    /// Returns an oracle with its files in this directory.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self {
            owner: directory.join("owner"),
            journal: directory.join("journal"),
        }
    }

    /// Records that an owner begins. Its name is that of its process, a full stop, and a part that distinguishes it
    /// from other owners in that process.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub fn begin(&self, name: &str) -> io::Result<Tenure> {
        let mut options = File::options();
        options.append(true).create(true);
        let owner = options.open(&self.owner)?;
        let mut journal = options.open(&self.journal)?;
        let alone = owner.try_lock().is_ok();
        let what = if alone { "begin" } else { "beside" };
        journal.write_all(format!("{what} {name}\n").as_bytes())?;
        Ok(Tenure {
            journal,
            name: name.to_owned(),
            alone,
            _owner: owner,
        })
    }

    /// Returns the verdict on the journal. `killed` are the processes that were.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn judge(&self, killed: &BTreeSet<String>) -> io::Result<Verdict> {
        let text = match fs::read_to_string(&self.journal) {
            // No owner has begun.
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        let journal = Journal::read(&text);
        let excused = |name: &String| {
            name.split_once('.')
                .is_some_and(|(process, _)| killed.contains(process))
        };
        Ok(Verdict {
            owners: journal.owners,
            beside: journal.beside,
            unexplained: journal
                .died
                .iter()
                .chain(&journal.open)
                .filter(|name| !excused(name))
                .count(),
        })
    }
}

impl Tenure {
    /// Returns whether no other owner was there when it began.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.alone
    }

    /// Records that it ends; the lock is released after that.
    ///
    /// # Errors
    /// If that cannot be recorded.
    pub fn end(mut self) -> io::Result<()> {
        self.journal
            .write_all(format!("end {}\n", self.name).as_bytes())
    }
}

/// The verdict on all owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many there were.
    pub owners: usize,
    /// How many began while another was there.
    pub beside: usize,
    /// How many never recorded their end, though they were not killed.
    pub unexplained: usize,
}

#[derive(Debug, Default)]
struct Journal {
    owners: usize,
    beside: usize,
    /// Those that did not end before the next began alone.
    died: Vec<String>,
    open: Vec<String>,
}

impl Journal {
    fn read(text: &str) -> Self {
        let mut journal = Self::default();
        for line in text.lines() {
            let (what, name) = line.split_once(' ').expect("each line is written at once");
            match what {
                "begin" => {
                    journal.owners += 1;
                    journal.died.append(&mut journal.open);
                    journal.open.push(name.to_owned());
                }
                "beside" => {
                    journal.owners += 1;
                    journal.beside += 1;
                    journal.open.push(name.to_owned());
                }
                _ => journal.open.retain(|open| open != name),
            }
        }
        journal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_another_is_none_beside_another() {
        let directory = tempfile::tempdir().unwrap();
        let oracle = ExclusionOracle::new(directory.path());
        for name in ["1.0", "2.0", "1.1"] {
            let tenure = oracle.begin(name).unwrap();
            assert!(tenure.is_alone());
            tenure.end().unwrap();
        }
        let verdict = oracle.judge(&BTreeSet::new()).unwrap();
        assert_eq!(
            (verdict.owners, verdict.beside, verdict.unexplained),
            (3, 0, 0)
        );
    }

    #[test]
    fn a_process_that_begins_before_another_ends_is_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let oracle = ExclusionOracle::new(directory.path());
        let first = oracle.begin("1.0").unwrap();
        let second = oracle.begin("1.1").unwrap();
        assert!(!second.is_alone());
        first.end().unwrap();
        // The second is still there, though it could not lock the file.
        let third = oracle.begin("2.0").unwrap();
        second.end().unwrap();
        third.end().unwrap();
        let verdict = oracle.judge(&BTreeSet::new()).unwrap();
        assert_eq!(
            (verdict.owners, verdict.beside, verdict.unexplained),
            (3, 1, 1)
        );
    }

    #[test]
    fn who_does_not_end_was_killed_or_is_unexplained() {
        let directory = tempfile::tempdir().unwrap();
        let oracle = ExclusionOracle::new(directory.path());
        drop(oracle.begin("1.0").unwrap());
        let second = oracle.begin("2.0").unwrap();
        assert!(second.is_alone());
        second.end().unwrap();
        assert_eq!(oracle.judge(&BTreeSet::new()).unwrap().unexplained, 1);
        let killed = BTreeSet::from(["1".to_owned()]);
        assert_eq!(oracle.judge(&killed).unwrap().unexplained, 0);
    }
}
