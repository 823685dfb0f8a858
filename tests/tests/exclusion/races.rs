//! Sixteen real processes at once: exactly one acquires the lock, whatever the directory holds.
//!
//! `LOCKHOST_ROUNDS` sets how many rounds each kind of directory gets (8 by default).

use std::process::{Command, Stdio};

use lockhost_tests::{
    contender::{Contender, exactly_one_gets_in, owners, rounds},
    fixture::{Fixture, NO_PROCESS},
};

const PROCESSES: usize = 16;

const LOCK: &str = "tinyforge.lock";
const RECLAIM: &str = "tinyforge.lock.reclaim";
const SECOND_RECLAIM: &str = "tinyforge.lock.reclaim.reclaim";

fn round(fixture: &Fixture) {
    exactly_one_gets_in(env!("CARGO_BIN_EXE_at-barrier"), PROCESSES, fixture);
}

fn race(what: &str, fixture: impl Fn() -> Fixture) {
    let rounds = rounds();
    for _ in 0..rounds {
        round(&fixture());
    }
    println!("{what}: {rounds} rounds of {PROCESSES} processes, one owner each");
}

#[test]
fn of_sixteen_on_a_free_directory_exactly_one_gets_in() {
    race("free", Fixture::free);
}

#[test]
fn of_sixteen_on_a_stale_lock_exactly_one_gets_in() {
    race("stale", Fixture::stale);
}

#[test]
fn of_sixteen_on_an_empty_lock_exactly_one_gets_in() {
    race("empty", || Fixture::free().with_old(LOCK, ""));
}

#[test]
fn of_sixteen_on_a_garbage_lock_exactly_one_gets_in() {
    race("garbage", || Fixture::free().with_old(LOCK, "garbage\n"));
}

#[test]
fn of_sixteen_on_a_stale_reclaim_exactly_one_gets_in() {
    race("stale reclaim", || {
        Fixture::stale().with(RECLAIM, NO_PROCESS)
    });
}

#[test]
fn of_sixteen_on_a_lock_stale_two_deep_exactly_one_gets_in() {
    race("stale two deep", || {
        Fixture::stale()
            .with(RECLAIM, NO_PROCESS)
            .with(SECOND_RECLAIM, NO_PROCESS)
    });
}

#[test]
fn of_sixteen_on_a_fresh_empty_lock_exactly_one_gets_in() {
    round(&Fixture::free().with(LOCK, ""));
}

#[test]
fn of_sixteen_after_an_owner_was_killed_exactly_one_gets_in() {
    for _ in 0..rounds() {
        let fixture = Fixture::free();
        let mut owner = Contender::owner(fixture.path());
        owner.kill();
        assert_eq!(fixture.files().len(), 2, "the lock and its claim");
        round(&fixture);
    }
}

fn original(fixture: &Fixture, pauses: &[&str]) -> Contender {
    let mut command = Command::new(env!("CARGO_BIN_EXE_original"));
    command
        .arg(fixture.path())
        .args(pauses)
        .stdin(Stdio::piped());
    Contender::start(&mut command)
}

#[test]
#[cfg_attr(
    under_wine,
    ignore = "Wine keeps a removed name for as long as anybody has its file open"
)]
fn the_harness_sees_two_originals_own_a_free_directory() {
    let fixture = Fixture::free();
    let mut first = original(&fixture, &["lock-created"]);
    assert_eq!(first.line(), "at lock-created");
    // The file exists and is empty: malformed to the next process. The second one removes it and makes its own.
    let mut second = original(&fixture, &["lock-judged-dead", "lock-created"]);
    for step in ["at lock-judged-dead", "at lock-created"] {
        assert_eq!(second.line(), step);
        second.go_on();
    }
    first.go_on();
    assert_eq!(owners(&mut [first, second]).0, 2);
}

#[test]
#[cfg_attr(
    under_wine,
    ignore = "Wine keeps a removed name for as long as anybody has its file open"
)]
fn the_harness_sees_the_originals_two_owners_on_a_stale_reclaim() {
    let fixture = Fixture::stale().with(RECLAIM, NO_PROCESS);
    let steps = ["reclaim-judged-dead", "lock-judged-dead", "lock-created"];
    let mut pair = [0, 1].map(|_| original(&fixture, &steps));
    // Both have seen the same dead owner's reclaim lock. Each removes it, the second that of the first. So both are
    // under it, and have seen the same dead owner's lock. Each removes the file that is there by then, and makes its
    // own.
    for step in steps {
        for contender in &mut pair {
            if step != "reclaim-judged-dead" {
                contender.go_on();
            }
            assert_eq!(contender.line(), format!("at {step}"));
        }
    }
    for contender in &mut pair {
        contender.go_on();
    }
    assert_eq!(owners(&mut pair).0, 2);
}
