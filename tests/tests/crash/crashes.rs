//! The real program, killed before and after each of its system calls that touch the directory: the files that it may
//! leave, that a newcomer acquires the lock, and that nothing is left after the next sweep.
//!
//! Each test traces one whole run on its kind of directory, from *look* to the end of the release. It then repeats the
//! run once for each point at which the program can be killed: before each system call that touches the directory, and
//! before the one after it, whatever that is. The leftovers are listed in full: the names of each file, `claim` being
//! that of the process that was killed, and `old` that of any other; `(in place)` is a file of that process without a
//! claim.
//!
//! On Linux alone: strace(1) kills.
#![cfg(target_os = "linux")]

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt};

use lockhost_tests::{
    contender::Answer,
    fixture::{Fixture, NO_PROCESS},
    leftovers::{left, recovers},
    strace::{self, SystemCall},
};
use rustix::process::Signal;

/// A kind of directory, and of file system.
struct Kind<'a> {
    what: &'a str,
    /// Injections into every process's system calls, as options `inject` of strace(1).
    injections: &'a [&'a str],
}

impl Kind<'_> {
    /// Returns the system calls of a run before each of which it is killed in turn.
    fn points(&self, fixture: &Fixture) -> Vec<SystemCall> {
        let calls = strace::system_calls(self.injections, fixture.path());
        let touches: Vec<bool> = calls.iter().map(|it| it.touches(fixture.path())).collect();
        let points = calls.into_iter().enumerate();
        points
            .filter(|&(index, _)| touches[index] || index > 0 && touches[index - 1])
            .map(|(_, call)| call)
            // strace can inject only one action into a call; and these calls change nothing here.
            .filter(|call| !self.injections.iter().any(|it| it.starts_with(&call.name)))
            .collect()
    }

    /// Runs it and has it killed on entry to this call. Returns its pid, or `None` if it never made that call.
    fn killed_before(&self, call: &SystemCall, fixture: &Fixture) -> Option<u32> {
        let kill = format!("{}:signal=KILL:when={}", call.name, call.nth);
        let mut injections = self.injections.to_vec();
        injections.push(&kill);
        let mut killed = strace::acquire_with(&injections, fixture.path());
        match killed.answer() {
            Answer::Owns => {
                let status = killed.end(Signal::TERM);
                (status.signal() == Some(Signal::KILL.as_raw())).then_some(killed.pid())
            }
            Answer::Ended(code, told) => {
                assert_eq!(code, None, "it was killed: {told}");
                Some(killed.pid())
            }
        }
    }

    /// Kills it at every point. `expected` is all that may be left, in the order of a run.
    fn crashes(&self, start: impl Fn() -> Fixture, expected: &[&str]) {
        let what = self.what;
        let points = self.points(&start());
        let mut seen = Vec::<(String, usize)>::new();
        for point in &points {
            // One run in 64 sweeps without a cause, and a directory is listed in any order: some calls are made by some
            // runs only. Whatever may be left is found all the same.
            let crash = (0..8).find_map(|_| {
                let fixture = start();
                let killed = self.killed_before(point, &fixture)?;
                Some((fixture, killed))
            });
            let Some((fixture, killed)) = crash else {
                continue;
            };
            let left = left(&fixture, killed);
            let after = format!("{what}, killed before {point:?}, which left {left:?}");
            recovers(&fixture, killed, self.injections, &after);
            match seen.iter_mut().find(|(state, _)| *state == left) {
                Some((_, count)) => *count += 1,
                None => seen.push((left, 1)),
            }
        }
        let count: usize = seen.iter().map(|(_, count)| count).sum();
        println!("{what}: {count} crash points left {seen:?}");
        let seen: BTreeSet<&str> = seen.iter().map(|(state, _)| state.as_str()).collect();
        assert_eq!(
            seen,
            BTreeSet::from_iter(expected.iter().copied()),
            "{what}"
        );
    }
}

fn crashes(what: &str, start: impl Fn() -> Fixture, expected: &[&str]) {
    let kind = Kind {
        what,
        injections: &[],
    };
    kind.crashes(start, expected);
}

/// Does the same where no hard links can be made.
fn crashes_without_links(what: &str, start: impl Fn() -> Fixture, expected: &[&str]) {
    let kind = Kind {
        what,
        injections: strace::WITHOUT_LINKS,
    };
    kind.crashes(start, expected);
}

const LOCK: &str = "tinyforge.lock";
const RECLAIM: &str = "tinyforge.lock.reclaim";
const DEAD: u32 = 999_999_999;

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn on_a_free_directory() {
    let start = Fixture::free;
    crashes("free", start, &["", "claim (empty)", "claim", "claim=lock"]);
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn on_another_programs_stale_lock() {
    let start = Fixture::stale;
    crashes(
        "stale",
        start,
        &[
            "lock",
            "claim (empty), lock",
            "claim, lock",
            "claim=reclaim, lock",
            "claim=reclaim",
            "claim=lock=reclaim",
            "claim=lock",
            "claim",
            "",
        ],
    );
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn on_a_crashed_owners_lock() {
    let start = || Fixture::free().crashed(DEAD, &[LOCK]);
    crashes(
        "crashed owner",
        start,
        &[
            "lock=old",
            "claim (empty), lock=old",
            "claim, lock=old",
            "claim=reclaim, lock=old",
            "claim=reclaim, old",
            "claim=lock=reclaim, old",
            "claim=lock, old",
            "claim=lock",
            "claim",
            "",
        ],
    );
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn on_a_stale_reclaim_beside_a_stale_lock() {
    let start = || Fixture::stale().with(RECLAIM, NO_PROCESS);
    crashes(
        "stale reclaim",
        start,
        &[
            "lock, reclaim",
            "claim (empty), lock, reclaim",
            "claim, lock, reclaim",
            "claim=second reclaim, lock, reclaim",
            "claim=second reclaim, lock",
            "claim=reclaim=second reclaim, lock",
            "claim=reclaim, lock",
            "claim=reclaim",
            "claim=lock=reclaim",
            "claim=lock",
            "claim",
            "",
        ],
    );
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn on_a_reclaim_that_crashed_over_a_crashed_owners_lock() {
    let start = || {
        Fixture::free()
            .crashed(DEAD, &[LOCK])
            .crashed(DEAD - 1, &[RECLAIM])
    };
    crashes(
        "crashed reclaim",
        start,
        &[
            "lock=old, old=reclaim",
            "claim (empty), lock=old, old=reclaim",
            "claim, lock=old, old=reclaim",
            "claim=second reclaim, lock=old, old=reclaim",
            "claim=second reclaim, lock=old, old",
            "claim=reclaim=second reclaim, lock=old, old",
            "claim=reclaim, lock=old, old",
            "claim=reclaim, old, old",
            "claim=lock=reclaim, old, old",
            "claim=lock, old, old",
            "claim=lock, old",
            "claim=lock",
            "claim",
            "",
        ],
    );
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn on_a_reclaim_that_crashed_with_one_claim_at_two_names() {
    let start = || Fixture::free().crashed(DEAD, &[LOCK, RECLAIM]);
    crashes(
        "linked, not dropped",
        start,
        &[
            "lock=old=reclaim",
            "claim (empty), lock=old=reclaim",
            "claim, lock=old=reclaim",
            "claim=second reclaim, lock=old=reclaim",
            "claim=second reclaim, lock=old",
            "claim=reclaim=second reclaim, lock=old",
            "claim=reclaim, lock=old",
            "claim=reclaim, old",
            "claim=lock=reclaim, old",
            "claim=lock, old",
            "claim=lock",
            "claim",
            "",
        ],
    );
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn on_a_reclaim_that_crashed_with_the_lock_removed() {
    let start = || Fixture::free().crashed(DEAD, &[RECLAIM]);
    crashes(
        "unlinked, not linked",
        start,
        &[
            "old=reclaim",
            "claim (empty), old=reclaim",
            "claim, old=reclaim",
            "claim=lock, old=reclaim",
            "claim=lock=second reclaim, old=reclaim",
            "claim=lock=second reclaim, old",
            "claim=lock=reclaim=second reclaim, old",
            "claim=lock=reclaim, old",
            "claim=lock, old",
            "claim=lock",
            "claim",
            "",
        ],
    );
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn without_links_on_a_free_directory() {
    crashes_without_links(
        "free, without links",
        Fixture::free,
        &[
            "",
            "claim (empty)",
            "claim",
            "lock (empty)",
            "lock (in place)",
        ],
    );
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn without_links_on_another_programs_stale_lock() {
    crashes_without_links(
        "stale, without links",
        Fixture::stale,
        &[
            "lock",
            "claim (empty), lock",
            "claim, lock",
            "lock, reclaim (empty)",
            "lock, reclaim (in place)",
            "reclaim (in place)",
            "lock (empty), reclaim (in place)",
            "lock (in place), reclaim (in place)",
            "lock (in place)",
            "",
        ],
    );
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn without_links_on_a_stale_reclaim_beside_a_stale_lock() {
    let start = || Fixture::stale().with(RECLAIM, NO_PROCESS);
    crashes_without_links(
        "stale reclaim, without links",
        start,
        &[
            "lock, reclaim",
            "claim (empty), lock, reclaim",
            "claim, lock, reclaim",
            "lock, reclaim, second reclaim (empty)",
            "lock, reclaim, second reclaim (in place)",
            "lock, second reclaim (in place)",
            "lock, reclaim (empty), second reclaim (in place)",
            "lock, reclaim (in place), second reclaim (in place)",
            "lock, reclaim (in place)",
            "reclaim (in place)",
            "lock (empty), reclaim (in place)",
            "lock (in place), reclaim (in place)",
            "lock (in place)",
            "",
        ],
    );
}
