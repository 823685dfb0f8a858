//! Leftovers of processes that are killed at any moment: they block no process, and the next process that replaces a
//! dead owner's lock sweeps them.
//!
//! `LOCKHOST_KILLS` sets how many processes are killed (400 by default).

use std::{env, fs};

use lockhost::acquire;
use lockhost_tests::{
    churn::Crew,
    files,
    fixture::{Fixture, NO_PROCESS},
};

/// How many are on one directory at a time.
const PROCESSES: usize = 4;

fn kills() -> usize {
    let kills = env::var("LOCKHOST_KILLS").ok();
    kills.map_or(400, |kills| {
        kills.parse().expect("LOCKHOST_KILLS is a number")
    })
}

#[test]
fn a_kill_at_any_moment_holds_up_none_and_leaves_nothing() {
    let fixture = Fixture::free().with("tinyforge.lock.bak", NO_PROCESS);
    let crew = Crew {
        program: env!("CARGO_BIN_EXE_churn").into(),
        workers: vec![("lockhost", 1); PROCESSES],
        original: env!("CARGO_BIN_EXE_original").into(),
        kill_one_in: 0,
    };
    let (counts, most) = crew.churn_under_kills(fixture.path(), kills());
    let before = fixture.files().len() - 1;
    let after = swept(&fixture);
    println!(
        "{counts}; left before the sweep {before}, {most} at most on the way; after it {after}"
    );
    let owners = (counts.double_owners, counts.losses);
    let ends = (counts.wedges, counts.failures);
    assert_eq!((owners, ends), ((0, 0), (0, 0)), "{counts}");
    assert_eq!(after, 0, "{:?}", fixture.files());
    assert!(counts.reclaims > 0 && counts.refusals > 0, "{counts}");
}

/// Returns how many files are left after a process has replaced a dead owner's lock, and so has swept; without the one
/// that was there from the start.
fn swept(fixture: &Fixture) -> usize {
    if !fixture.lock().exists() {
        fs::write(fixture.lock(), NO_PROCESS).expect("a file in a temporary directory");
    }
    let lock = acquire(fixture.path()).expect("everybody is dead");
    assert!(!lock.replaced().is_empty());
    assert!(lock.warnings().is_empty(), "{:?}", lock.warnings());
    lock.release().expect("it is still held");
    let left = fixture.files();
    let left = left
        .iter()
        .filter(|name| !files::is_of_a_removed_file(&name.to_string_lossy()));
    left.count() - 1
}
