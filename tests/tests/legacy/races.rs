//! One process of the original among seven of lockhost: exactly one of all acquires the lock, whatever the directory
//! holds, and no process is ever an owner beside one of lockhost.
//!
//! Why exactly one, and not at most one: a process that finds the lock's owner dead replaces the lock, or is refused
//! because another process is about to. A living process's lock is removed only by the original, which then makes its
//! own, or finds that of the next. The original's pauses are far below the two seconds for which lockhost waits.
//!
//! `LOCKHOST_ROUNDS` sets how many rounds each kind of directory gets (8 by default).

use std::path::Path;

use lockhost_tests::{
    contender::{ACQUIRE, Answer, Barrier, Contender, owners, rounds},
    fixture::Fixture,
    jitter::Jitter,
    program::lockhost,
};

const PROCESSES: usize = 8;

const LOCK: &str = "tinyforge.lock";

/// Lines all of them up: the original, with pauses of this seed, at another place in each round.
fn line_up(barrier: &Barrier, fixture: &Fixture, seed: usize) -> Vec<Contender> {
    let directory = fixture
        .path()
        .to_str()
        .expect("a temporary directory's path is text");
    let at_barrier = env!("CARGO_BIN_EXE_at-barrier");
    let original = Path::new(env!("CARGO_BIN_EXE_original"));
    let jitter = format!("--jitter={seed}");
    (0..PROCESSES)
        .map(|place| {
            if place == seed % PROCESSES {
                barrier.line_up(at_barrier, original, &[&jitter, directory])
            } else {
                barrier.line_up(at_barrier, &lockhost(), &[ACQUIRE, &[directory]].concat())
            }
        })
        .collect()
}

/// Asserts that all but `owners` are honestly refused.
fn are_refused(owners: usize, answers: &[Answer], seed: usize) {
    let refused = answers.iter().filter(|answer| answer.is_refusal()).count();
    assert_eq!(refused + owners, PROCESSES, "round {seed}: {answers:#?}");
}

/// Ends the owner, if there is one, after which the others have left nothing; a newcomer acquires the lock, and leaves
/// nothing at all. Returns whether the original had it.
fn end(contenders: &mut [Contender], answers: &[Answer], fixture: &Fixture, seed: usize) -> bool {
    let owner = answers.iter().position(|answer| *answer == Answer::Owns);
    let is_original = owner == Some(seed % PROCESSES);
    if let Some(owner) = owner {
        let files = fixture.files();
        assert_eq!(files.len(), if is_original { 1 } else { 2 }, "{files:?}");
        let status = contenders[owner].stop();
        // No signal makes the original release.
        assert_eq!(status.code(), (!is_original).then_some(0));
    }
    let left: &[&str] = if is_original { &[LOCK] } else { &[] };
    assert_eq!(fixture.files(), left, "in round {seed}");
    let mut newcomer = Contender::owner(fixture.path());
    assert_eq!(newcomer.stop().code(), Some(0));
    assert!(fixture.files().is_empty(), "left: {:?}", fixture.files());
    is_original
}

/// Asserts that there is exactly one owner. Returns whether that is the original.
fn round(fixture: &Fixture, seed: usize) -> bool {
    let barrier = Barrier::new();
    let mut contenders = line_up(&barrier, fixture, seed);
    barrier.open();
    let (count, answers) = owners(&mut contenders);
    assert_eq!(count, 1, "owners in round {seed}: {answers:#?}");
    are_refused(1, &answers, seed);
    end(&mut contenders, &answers, fixture, seed)
}

fn race(what: &str, fixture: impl Fn() -> Fixture) {
    let rounds = rounds();
    let originals = (0..rounds).filter(|seed| round(&fixture(), *seed)).count();
    println!(
        "{what}: {rounds} rounds, the original got in {originals} times, one of seven of ours {} times, none beside",
        rounds - originals
    );
}

#[test]
fn one_of_ours_excludes_the_original_on_a_free_directory() {
    race("free", Fixture::free);
}

#[test]
fn one_of_ours_excludes_the_original_on_a_stale_lock() {
    race("stale", Fixture::stale);
}

#[test]
fn one_of_ours_excludes_the_original_on_an_empty_lock() {
    race("empty, old", || Fixture::free().with_old(LOCK, ""));
}

#[test]
fn one_of_ours_excludes_the_original_on_a_garbage_lock() {
    race("garbage, old", || {
        Fixture::free().with_old(LOCK, "garbage\n")
    });
}

// lockhost watches these for three seconds; the original does not, and so decides.

#[test]
fn one_of_ours_excludes_the_original_on_a_fresh_empty_lock() {
    race("empty, fresh", || Fixture::free().with(LOCK, ""));
}

#[test]
fn one_of_ours_excludes_the_original_on_a_fresh_garbage_lock() {
    race("garbage, fresh", || Fixture::free().with(LOCK, "garbage\n"));
}

/// Releases a lock of lockhost while the others try. They may all have been refused by then, so there is one owner at
/// most. Returns how many there were, and how many of these were the original.
fn round_on_a_release(seed: usize) -> (usize, usize) {
    let fixture = Fixture::free();
    let lock = lockhost::acquire(fixture.path()).expect("it is free");
    let barrier = Barrier::new();
    let mut contenders = line_up(&barrier, &fixture, seed);
    barrier.open();
    Jitter::new(seed as u64).pause(14);
    lock.release().expect("it is still held");
    let (count, answers) = owners(&mut contenders);
    assert!(count <= 1, "owners in round {seed}: {answers:#?}");
    are_refused(count, &answers, seed);
    let is_original = end(&mut contenders, &answers, &fixture, seed);
    (count, usize::from(is_original))
}

#[test]
fn one_of_ours_excludes_the_original_while_an_owner_releases() {
    let rounds = rounds();
    let outcomes = (0..rounds).map(round_on_a_release);
    let (owners, originals) = outcomes.fold((0, 0), |(owners, originals), (owner, original)| {
        (owners + owner, originals + original)
    });
    println!(
        "released: {rounds} rounds, the original got in {originals} times, one of seven of ours {} times, none \
         beside, none at all {} times",
        owners - originals,
        rounds - owners
    );
}

/// Runs the same harness with eight of the original.
fn race_of_originals(what: &str, fixture: impl Fn() -> Fixture) {
    let rounds = rounds();
    let mut beside = 0;
    for round in 0..rounds {
        let fixture = fixture();
        let barrier = Barrier::new();
        let directory = fixture.path().to_str().expect("its path is text");
        let at_barrier = env!("CARGO_BIN_EXE_at-barrier");
        let original = Path::new(env!("CARGO_BIN_EXE_original"));
        let mut contenders: Vec<_> = (0..PROCESSES)
            .map(|place| {
                let jitter = format!("--jitter={}", round * PROCESSES + place);
                barrier.line_up(at_barrier, original, &[&jitter, directory])
            })
            .collect();
        barrier.open();
        let (count, answers) = owners(&mut contenders);
        // A process that has created the lock file reports that, even if the file is removed.
        assert!(count >= 1, "no process: {answers:#?}");
        beside += usize::from(count > 1);
    }
    println!(
        "{what}, the original alone: {rounds} rounds of {PROCESSES}, more than one owner in {beside}"
    );
}

#[test]
fn of_eight_of_the_original_at_least_one_gets_in() {
    race_of_originals("free", Fixture::free);
    race_of_originals("stale", Fixture::stale);
    race_of_originals("empty", || Fixture::free().with(LOCK, ""));
}
