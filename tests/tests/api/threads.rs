//! Neighbours in one process: threads, and instances of the component, each with a store of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process,
    sync::Barrier,
    thread,
};

use lockhost::{
    Attempt, Awaited, Error, ErrorKind, Lock, Options, Progress, ReplacedReason, acquire,
};
use lockhost_tests::{
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
};

const THREADS: usize = 64;

const ROUNDS: usize = 8;

const LOCK: &str = "tinyforge.lock";

/// Runs one attempt in each of many threads, begun at once, on the directory that its number chooses.
fn race<'a>(directory: impl Fn(usize) -> &'a Path + Sync) -> Vec<Result<Lock, Error>> {
    let (start, directory) = (&Barrier::new(THREADS), &directory);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                scope.spawn(move || {
                    start.wait();
                    acquire(directory(number))
                })
            })
            .collect();
        let outcomes = threads.into_iter().map(|thread| thread.join().unwrap());
        outcomes.collect()
    })
}

/// Asserts that exactly one has it, and that all others were refused by this very process.
fn exactly_one(outcomes: Vec<Result<Lock, Error>>) -> Lock {
    let (owners, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((owners.len(), refused.len()), (1, THREADS - 1));
    for refusal in refused {
        let error = refusal.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Held, "{error}");
        let holder = error.holder().unwrap();
        assert_eq!(holder.pid(), Some(process::id()), "{error}");
    }
    owners.into_iter().next().unwrap().unwrap()
}

fn of_64_threads_exactly_one_gets_in(fixture: impl Fn() -> Fixture) {
    for _ in 0..ROUNDS {
        let fixture = fixture();
        let lock = exactly_one(race(|_| fixture.path()));
        assert_eq!(fixture.files().len(), 2, "{:?}", fixture.files());
        lock.release().unwrap();
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
fn of_64_threads_on_a_free_directory_exactly_one_gets_in() {
    of_64_threads_exactly_one_gets_in(Fixture::free);
}

#[test]
fn of_64_threads_on_a_stale_lock_exactly_one_gets_in() {
    of_64_threads_exactly_one_gets_in(Fixture::stale);
}

#[test]
fn of_64_threads_on_an_empty_lock_exactly_one_gets_in() {
    of_64_threads_exactly_one_gets_in(|| Fixture::free().with_old(LOCK, ""));
}

#[test]
fn of_64_threads_on_a_stale_reclaim_exactly_one_gets_in() {
    of_64_threads_exactly_one_gets_in(|| {
        Fixture::stale().with("tinyforge.lock.reclaim", NO_PROCESS)
    });
}

#[test]
fn of_64_threads_after_a_crashed_owner_exactly_one_gets_in() {
    of_64_threads_exactly_one_gets_in(|| {
        let fixture = Fixture::free();
        let crashed = Identity::mine(fixture.path()).with('p', NO_PROCESS.trim());
        crashed.leave(&fixture);
        fixture
    });
}

#[test]
fn of_64_threads_on_a_lock_that_was_lost_track_of_one_gets_in() {
    of_64_threads_exactly_one_gets_in(|| {
        let fixture = Fixture::free();
        Identity::mine(fixture.path()).leave(&fixture);
        fixture
    });
}

#[test]
fn sixty_four_threads_on_as_many_directories_all_get_in() {
    let fixtures: Vec<_> = (0..THREADS).map(|_| Fixture::stale()).collect();
    let outcomes = race(|number| fixtures[number].path());
    for (fixture, outcome) in fixtures.iter().zip(outcomes) {
        let lock = outcome.unwrap();
        assert_eq!(lock.path(), fixture.lock());
        assert!(lock.still_held().unwrap());
        lock.release().unwrap();
        assert!(fixture.files().is_empty());
    }
}

fn attempts(fixture: &Fixture) -> Vec<Attempt> {
    let attempt = || Options::new().attempt(fixture.path()).unwrap();
    (0..THREADS).map(|_| attempt()).collect()
}

#[test]
fn of_64_instances_that_are_driven_in_turn_exactly_one_gets_in() {
    for fixture in [
        Fixture::free(),
        Fixture::stale(),
        Fixture::free().with_old(LOCK, "garbage"),
    ] {
        let mut attempts = attempts(&fixture);
        let outcomes = attempts.iter_mut().map(|it| match it.proceed() {
            Ok(Progress::Acquired(lock)) => Ok(lock),
            Ok(Progress::Waiting(waiting)) => panic!("{waiting:?}"),
            Err(error) => Err(error),
        });
        let lock = exactly_one(outcomes.collect());
        drop(attempts);
        assert!(lock.still_held().unwrap(), "attempts that have ended");
        lock.release().unwrap();
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

/// Goes on with each in turn, until all have ended.
fn drive(mut attempts: Vec<Attempt>) -> Vec<Result<Lock, Error>> {
    let mut outcomes = Vec::new();
    while !attempts.is_empty() {
        let mut retry_after = None;
        attempts.retain_mut(|attempt| match attempt.proceed() {
            Ok(Progress::Waiting(waiting)) => {
                retry_after = Some(waiting.retry_after());
                true
            }
            Ok(Progress::Acquired(lock)) => {
                outcomes.push(Ok(lock));
                false
            }
            Err(error) => {
                outcomes.push(Err(error));
                false
            }
        });
        retry_after.into_iter().for_each(thread::sleep);
    }
    outcomes
}

#[test]
fn of_64_instances_that_wait_for_one_file_exactly_one_gets_in() {
    let fixture = Fixture::free().with(LOCK, "");
    let mut attempts = attempts(&fixture);
    for attempt in &mut attempts {
        let Ok(Progress::Waiting(waiting)) = attempt.proceed() else {
            panic!("a fresh empty file has not settled");
        };
        assert_eq!(waiting.awaited(), Awaited::Settling);
    }
    assert_eq!(fixture.files().len(), 1 + THREADS, "a claim each");
    let lock = exactly_one(drive(attempts));
    assert_eq!(lock.replaced()[0].reason(), ReplacedReason::Malformed);
    lock.release().unwrap();
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn instances_dropped_half_way_leave_nothing() {
    let fixture = Fixture::free().with(LOCK, "");
    let mut attempts = attempts(&fixture);
    for attempt in &mut attempts {
        assert!(matches!(attempt.proceed(), Ok(Progress::Waiting(_))));
    }
    let kept = attempts.split_off(THREADS - 2);
    // From within, while others hold their claims.
    drop(attempts);
    assert_eq!(fixture.files().len(), 3);
    let outcomes = drive(kept);
    assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 1);
    drop(outcomes);
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn an_instance_dropped_while_it_has_the_lock_gives_it_up() {
    let reclaim = "tinyforge.lock.reclaim";
    let fixture = Fixture::free().with(reclaim, &format!("{}\n", process::id()));
    let mut first = Options::new().attempt(fixture.path()).unwrap();
    let Ok(Progress::Waiting(waiting)) = first.proceed() else {
        panic!("another program is about to replace the lock");
    };
    assert_eq!(waiting.awaited(), Awaited::OtherReclaim);
    assert!(fixture.lock().exists());
    let refused = acquire(fixture.path()).unwrap_err();
    assert!(refused.holder().unwrap().is_this_process(), "{refused}");
    drop(first);
    assert_eq!(fixture.files(), [reclaim]);
    std::fs::remove_file(fixture.path().join(reclaim)).unwrap();
    acquire(fixture.path()).unwrap().release().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
fn a_panic_gives_up_what_the_thread_had() {
    let (held, waited_for) = (Fixture::free(), Fixture::free().with(LOCK, ""));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _lock = acquire(held.path()).unwrap();
        let mut attempt = Options::new().attempt(waited_for.path()).unwrap();
        assert!(matches!(attempt.proceed(), Ok(Progress::Waiting(_))));
        assert!(held.files().is_empty(), "it is held");
    }));
    assert!(panicked.is_err());
    assert!(held.files().is_empty());
    assert_eq!(waited_for.files(), [LOCK]);
}

/// As musl gives to a thread, in bytes.
const STACK: usize = 128 << 10;

#[test]
fn a_thread_with_a_small_stack_takes_is_refused_and_takes_over() {
    let (free, stale) = (Fixture::free(), Fixture::stale());
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        let work = || {
            let lock = acquire(free.path()).unwrap();
            let refused = acquire(free.path()).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Held, "{refused}");
            lock.release().unwrap();
            assert_eq!(acquire(stale.path()).unwrap().replaced().len(), 1);
        };
        thread.spawn_scoped(scope, work).unwrap().join().unwrap();
    });
}
