//! Owners of unknown liveness that a user declares dead.
//!
//! If such an owner lives after all, the user has to answer for the loss. To every other process all promises are kept:
//! there are never two owners among those that were not assumed dead, and no other process loses a file.

use crate::{
    checker::exhaust,
    directory::{Content, Modified, Name},
    properties::Promise,
    setting::{Assumed, Budget, DEAD, STRANGER, Setting, Sort, Start, dead},
    table::{Author, Table},
    world::World,
};

impl World {
    /// Returns whether this name may be taken from its owner because of the user's word. The name must be that of
    /// exactly the owner that the user means, and no host may know that this owner lives.
    pub fn is_assumed_dead(&self, (name, file): (Name, u8), table: &Table) -> bool {
        let mut names = self.directory.names().filter(|(_, other)| *other == file);
        let claim = names.find_map(|(name, _)| match name {
            Name::Claim(claim) => Some(table.claim(claim).author),
            Name::Level(_) => None,
        });
        let means = match (table.assumed, claim) {
            (Some(Assumed::Maker(assumed)), Some(author)) => {
                assumed == author && !matches!(author, Author::Process(..))
            }
            (Some(Assumed::Pid(pid)), None) => {
                let stat = self.directory.stat(file);
                (stat.content, stat.modified) == (Content::Pid(pid), Modified::Old)
            }
            _ => false,
        };
        means && matches!(name, Name::Level(_)) && !self.outside.contains(file)
    }

    /// Returns whether there is a file that blocks every process, including those with a user's word.
    pub fn is_blocked_but_by_the_assumed(&self, table: &mut Table) -> bool {
        let files: Vec<_> = self.directory.names().collect();
        files.into_iter().any(|(name, file)| {
            matches!(name, Name::Level(_))
                && self.keeps_out(file, table)
                && !self.is_assumed_dead((name, file), table)
        })
    }
}

const UNPROVEN: Author = Author::Unproven(1);

/// Returns a directory with the lock of an owner of unknown liveness.
fn unproven() -> Start {
    Start::default().claim_with(UNPROVEN, Content::Pid(DEAD), &[0])
}

fn setting(what: &str, assumed: Assumed, start: Start) -> Setting {
    Setting {
        starts: vec![start],
        sorts: vec![Sort::Assuming, Sort::Ours],
        assumed: Some(assumed),
        budget: Budget::ONE_CRASH,
        ..Setting::of(what, 0)
    }
}

/// Goes through a run in which a process acquires the lock.
fn gets_in(setting: Setting) {
    assert!(exhaust(setting, &Promise::ALL).counts.acquisitions > 0);
}

/// Goes through a run in which no process does.
fn none_gets_in(setting: Setting) {
    assert_eq!(exhaust(setting, &Promise::ALL).counts.acquisitions, 0);
}

#[test]
fn an_owner_that_is_taken_for_dead_is_taken_over_from_by_one() {
    let assumed = Assumed::Maker(UNPROVEN);
    for evidence in [true, false] {
        let setting = Setting {
            evidence,
            ..setting("taken for dead, one is told", assumed, unproven())
        };
        gets_in(Setting {
            what: "taken for dead, two are told".into(),
            sorts: vec![Sort::Assuming, Sort::Assuming],
            ..setting.clone()
        });
        gets_in(setting);
    }
}

#[test]
fn a_reclaim_of_one_that_is_taken_for_dead_is_taken_over() {
    let start = Start::stale().claim_with(UNPROVEN, Content::Pid(DEAD + 1), &[1]);
    gets_in(setting(
        "its reclaim is taken for dead",
        Assumed::Maker(UNPROVEN),
        start,
    ));
}

#[test]
fn an_owner_of_whom_only_a_pid_is_known_is_taken_over_from() {
    let start = Start::default().file(0, Content::Pid(STRANGER), Modified::Old);
    gets_in(setting(
        "a pid is taken for dead",
        Assumed::Pid(STRANGER),
        start,
    ));
}

#[test]
fn a_living_owner_is_not_robbed_whatever_a_person_says() {
    // As long as it keeps its file locked. It may end at any moment, and is then dead for every process.
    let foreign = Author::Foreign(1);
    for author in [foreign, UNPROVEN] {
        let start = Start {
            kept: true,
            ..Start::default().claim_with(author, Content::Pid(DEAD), &[0])
        };
        let what = "taken for dead, and keeps its file locked";
        gets_in(setting(what, Assumed::Maker(author), start));
    }
    let start = Start::default().claim(STRANGER, &[0]);
    let living = Assumed::Maker(dead(STRANGER));
    for evidence in [true, false] {
        none_gets_in(Setting {
            evidence,
            ..setting("taken for dead, and is running", living, start.clone())
        });
    }
}

#[test]
fn what_a_person_says_is_of_no_use_once_another_owner_came() {
    let another = Start::default().claim_with(Author::Unproven(2), Content::Pid(DEAD), &[0]);
    none_gets_in(setting(
        "another one than was taken for dead",
        Assumed::Maker(UNPROVEN),
        another,
    ));
    for (pid, modified) in [(STRANGER, Modified::Future), (STRANGER + 1, Modified::Old)] {
        let start = Start::default().file(0, Content::Pid(pid), modified);
        none_gets_in(setting(
            "another file, or another pid, than was taken for dead",
            Assumed::Pid(STRANGER),
            start,
        ));
    }
}

#[test]
fn the_heir_of_one_declared_dead_is_not_robbed() {
    // It is dead, and every process knows it.
    let start = Start::default().claim_with(Author::Foreign(1), Content::Pid(DEAD), &[0]);
    gets_in(Setting {
        budget: Budget {
            arrivals: 1,
            ..Budget::NOTHING
        },
        ..setting(
            "taken for dead, dead, and replaced",
            Assumed::Maker(Author::Foreign(1)),
            start,
        )
    });
}
