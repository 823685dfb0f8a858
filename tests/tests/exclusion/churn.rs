//! Churn: processes that acquire the lock, hold it, release it, and are killed meanwhile, for a long time. An oracle
//! apart from the lock checks that there is never more than one owner.
//!
//! `LOCKHOST_CHURN_SECONDS` sets how long each churn goes on; by default each goes on for some hundreds of
//! acquisitions.

use std::{
    env,
    time::{Duration, Instant},
};

use lockhost_tests::{
    churn::{Counts, Crew},
    contender::{Answer, Contender},
    fixture::Fixture,
};

fn crew(workers: &[(&'static str, usize)], kill_one_in: u32) -> Crew {
    Crew {
        program: env!("CARGO_BIN_EXE_churn").into(),
        original: env!("CARGO_BIN_EXE_original").into(),
        workers: workers.to_vec(),
        kill_one_in,
    }
}

/// Runs rounds of this many acquisitions, each on a new directory that is free or stale; afterwards a newcomer acquires
/// the lock.
fn churn(what: &str, crew: &Crew, acquisitions: usize) -> Counts {
    let begun = Instant::now();
    let seconds = env::var("LOCKHOST_CHURN_SECONDS").ok();
    let time = Duration::from_secs(seconds.map_or(0, |seconds| {
        seconds.parse().expect("LOCKHOST_CHURN_SECONDS is a number")
    }));
    let mut sum = Counts::default();
    let mut rounds = 0;
    while rounds < 2 || begun.elapsed() < time {
        let fixture = if rounds % 2 == 0 {
            Fixture::free()
        } else {
            Fixture::stale()
        };
        sum += crew.churn(fixture.path(), acquisitions);
        rounds += 1;
        let mut newcomer = Contender::acquire(fixture.path());
        assert_eq!(
            newcomer.answer(),
            Answer::Owns,
            "{what}: {sum}, {:?}",
            fixture.files()
        );
        assert_eq!(newcomer.stop().code(), Some(0));
    }
    println!("{what}: {rounds} rounds, {sum}");
    assert_eq!((sum.wedges, sum.failures), (0, 0), "{what}: {sum}");
    sum
}

#[test]
fn processes_that_are_killed_now_and_then_are_never_two_owners() {
    let sum = churn("processes", &crew(&[("lockhost", 1); 6], 8), 250);
    assert_eq!((sum.double_owners, sum.losses), (0, 0), "{sum}");
    assert!(sum.kills > 0 && sum.reclaims > 0, "{sum}");
}

#[test]
fn threads_of_one_process_are_never_two_owners() {
    let sum = churn("threads", &crew(&[("lockhost", 8)], 0), 250);
    assert_eq!((sum.double_owners, sum.losses), (0, 0), "{sum}");
}

#[test]
fn threads_of_killed_processes_are_never_two_owners() {
    let sum = churn("threads of processes", &crew(&[("lockhost", 4); 3], 8), 250);
    assert_eq!((sum.double_owners, sum.losses), (0, 0), "{sum}");
    assert!(sum.kills > 0 && sum.reclaims > 0, "{sum}");
}

#[test]
fn beside_one_original_there_is_no_owner_beside_one_of_ours() {
    let mut workers = vec![("lockhost", 1); 4];
    workers.push(("original", 1));
    let sum = churn("one original", &crew(&workers, 0), 250);
    assert_eq!((sum.double_owners, sum.losses), (0, 0), "{sum}");
    assert!(sum.by_originals > 0, "{sum}");
}

/// Two owners are not ruled out here, nor are lost locks. The original removes a live lock that it judges dead (empty,
/// before the pid is in it). It also removes a reclaim lock that is not the one it has judged. They are counted.
#[test]
fn among_originals_that_are_killed_too_one_always_gets_in() {
    let mut workers = vec![("lockhost", 1); 3];
    workers.extend([("mortal", 1); 3]);
    churn("originals, killed", &crew(&workers, 8), 100);
}

/// Asserts that the oracle sees two owners, sooner or later: where other programs leave little time, much later.
fn two_owners(what: &str, kind: &'static str) {
    let fixture = Fixture::free();
    let mut sum = Counts::default();
    for _ in 0..500 {
        sum += crew(&[(kind, 1); 6], 0).churn(fixture.path(), 100);
        if sum.double_owners > 0 {
            println!("{what}: {sum}");
            return;
        }
    }
    panic!("{what}: {sum}");
}

#[test]
fn the_oracle_sees_two_owners_where_there_is_no_lock() {
    two_owners("no lock", "none");
}

#[test]
fn the_oracle_sees_the_originals_two_owners() {
    two_owners("originals alone", "original");
}
