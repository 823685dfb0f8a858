//! The original beside lockhost: which refuses which, which takes over from which, and what happens between any two of
//! the original's steps.

use std::{
    fmt::Debug,
    fs,
    process::{self, Command, Stdio},
    thread,
};

use lockhost::{
    AliveReason, Attempt, Awaited, Error, ErrorKind, Liveness, Lock, Options, Progress,
    ReplacedReason, acquire,
};
use lockhost_machine::machine::outcome::Cause;
use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::{Fixture, NO_PROCESS},
    single_step::{Stepped, links, unlinks},
};

const LOCK: &str = "tinyforge.lock";
const RECLAIM: &str = "tinyforge.lock.reclaim";

/// Starts the original, which will stop at each of these steps.
fn original(fixture: &Fixture, pauses: &[&str]) -> Contender {
    let mut command = Command::new(env!("CARGO_BIN_EXE_original"));
    command
        .arg(fixture.path())
        .args(pauses)
        .stdin(Stdio::piped());
    Contender::start(&mut command)
}

/// Asserts that it has reached this step, and stops there.
fn is_at(original: &mut Contender, step: &str) {
    assert_eq!(original.line(), format!("at {step}"));
}

/// Asserts that it is refused, and reports that in these words.
fn is_refused(original: &mut Contender, why: &str) {
    match original.answer() {
        Answer::Ended(Some(75), told) => assert!(told.contains(why), "{told}"),
        other => panic!("{other:?}"),
    }
}

/// Returns a lockhost attempt in this process, distinguished from others by its number.
fn stepped(fixture: &Fixture, number: u32) -> Stepped {
    let pid = process::id();
    Stepped::new(fixture.path(), pid, &format!("1-p{pid}-s{number}"))
}

fn attempt(fixture: &Fixture) -> Attempt {
    Options::new().attempt(fixture.path()).expect("a directory")
}

fn waits(attempt: &mut Attempt, awaited: Awaited, file: &str) {
    match attempt.proceed() {
        Ok(Progress::Waiting(waiting)) => {
            assert_eq!(waiting.awaited(), awaited);
            assert!(waiting.path().ends_with(file), "{waiting:?}");
        }
        other => panic!("{other:?}"),
    }
}

fn owns(attempt: &mut Attempt) -> Lock {
    match attempt.proceed() {
        Ok(Progress::Acquired(lock)) => lock,
        other => panic!("{other:?}"),
    }
}

/// Asserts a refusal by this process, which wrote no claim.
fn by_the_original(outcome: Result<impl Debug, Error>, original: &Contender) -> Error {
    let error = outcome.expect_err("the original has it");
    assert_eq!(error.kind(), ErrorKind::Held, "{error}");
    let holder = error.holder().expect("a refusal names the holder");
    assert_eq!(holder.pid(), Some(original.pid()), "{error}");
    assert_eq!(holder.liveness(), Liveness::Alive(AliveReason::Exists));
    assert!(!holder.is_claimed());
    error
}

// Owners

#[test]
fn the_original_is_refused_by_a_lock_of_ours() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let before = fixture.files();
    is_refused(
        &mut original(&fixture, &[]),
        &format!("locked by another process (pid {})", process::id()),
    );
    assert_eq!(fixture.files(), before);
    assert!(lock.still_held().unwrap());
}

#[test]
fn ours_is_refused_by_the_originals_lock_until_its_release() {
    let fixture = Fixture::free();
    let mut owner = original(&fixture, &[]);
    assert_eq!(owner.answer(), Answer::Owns);
    by_the_original(acquire(fixture.path()), &owner);
    assert_eq!(fixture.files(), [LOCK]);
    assert!(owner.end_of_input().success());
    acquire(fixture.path()).unwrap().release().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
fn the_original_takes_over_from_one_of_ours_that_was_killed() {
    let fixture = Fixture::free();
    let mut ours = Contender::owner(fixture.path());
    ours.kill();
    let mut heir = original(&fixture, &[]);
    assert_eq!(heir.answer(), Answer::Owns);
    // It does not know claims.
    assert_eq!(fixture.files().len(), 2);
    by_the_original(acquire(fixture.path()), &heir);
    heir.kill();
    let lock = acquire(fixture.path()).unwrap();
    assert_eq!(lock.replaced()[0].pid(), Some(heir.pid()));
    assert_eq!(fixture.files().len(), 2, "the lock and its claim");
    lock.release().unwrap();
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn ours_takes_over_from_an_original_killed_at_any_step() {
    let steps = [
        "lock-exists",
        "lock-dead",
        "reclaim-created",
        "reclaim-taken",
        "lock-judged-dead",
        "lock-removed",
        "lock-created",
        "reclaim-done",
    ];
    // The leftovers at two of the steps are empty and fresh, and take three seconds to settle: all at once.
    thread::scope(|scope| {
        for step in steps {
            scope.spawn(move || {
                let fixture = Fixture::stale();
                let mut killed = original(&fixture, &[step]);
                is_at(&mut killed, step);
                killed.kill();
                let lock = acquire(fixture.path()).unwrap();
                assert!(lock.warnings().is_empty(), "{step}: {:?}", lock.warnings());
                lock.release().unwrap();
                assert!(fixture.files().is_empty(), "{step}: {:?}", fixture.files());
            });
        }
    });
}

// Between its steps

#[test]
fn ours_waits_for_the_pid_in_an_originals_new_lock() {
    let fixture = Fixture::free();
    let mut other = original(&fixture, &["lock-created"]);
    is_at(&mut other, "lock-created");
    let mut ours = attempt(&fixture);
    waits(&mut ours, Awaited::Settling, LOCK);
    other.go_on();
    assert_eq!(other.answer(), Answer::Owns);
    by_the_original(ours.proceed(), &other);
    assert_eq!(fixture.files(), [LOCK]);
}

#[test]
fn ours_waits_for_the_pid_in_an_originals_new_reclaim_lock() {
    let fixture = Fixture::stale();
    let mut other = original(&fixture, &["reclaim-created"]);
    is_at(&mut other, "reclaim-created");
    let mut ours = attempt(&fixture);
    waits(&mut ours, Awaited::Settling, RECLAIM);
    other.go_on();
    assert_eq!(other.answer(), Answer::Owns);
    by_the_original(ours.proceed(), &other);
    assert_eq!(fixture.files(), [LOCK]);
}

#[test]
fn ours_is_refused_while_the_original_replaces_a_dead_lock() {
    let fixture = Fixture::stale();
    let steps = [
        "reclaim-taken",
        "lock-judged-dead",
        "lock-created",
        "reclaim-done",
    ];
    let mut other = original(&fixture, &steps);
    for step in steps {
        is_at(&mut other, step);
        let mut ours = attempt(&fixture);
        match step {
            // The one moment at which the owner is not known yet.
            "lock-created" => waits(&mut ours, Awaited::Settling, LOCK),
            _ => drop(by_the_original(ours.proceed(), &other)),
        }
        drop(ours);
        assert_eq!(fixture.files(), [LOCK, RECLAIM], "at {step}");
        other.go_on();
    }
    assert_eq!(other.answer(), Answer::Owns);
    assert_eq!(fixture.files(), [LOCK]);
}

#[test]
fn the_original_is_refused_while_ours_replaces_a_dead_lock() {
    let fixture = Fixture::stale();
    let mut ours = stepped(&fixture, 1);
    for before in [unlinks(0), unlinks(1)] {
        ours.stop_before(before);
        // The second time it has the lock already, and its reclaim lock still.
        let mut other = original(&fixture, &[]);
        is_refused(&mut other, &format!("(pid {})", process::id()));
    }
    assert_eq!(ours.run(), Ok(()));
    assert!(ours.still_held());
}

#[test]
fn an_original_that_saw_a_dead_lock_looks_again_and_is_refused() {
    let fixture = Fixture::stale();
    let mut other = original(&fixture, &["lock-dead"]);
    is_at(&mut other, "lock-dead");
    let lock = acquire(fixture.path()).unwrap();
    other.go_on();
    is_refused(
        &mut other,
        &format!("reclaimed by pid {} while we waited", process::id()),
    );
    assert!(lock.still_held().unwrap());
    lock.release().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
fn an_original_that_finds_our_reclaim_lock_gone_does_no_harm() {
    let fixture = Fixture::stale();
    let mut first = stepped(&fixture, 1);
    first.stop_before(unlinks(0));
    let mut second = stepped(&fixture, 2);
    second.stop_before(links(1));
    let mut other = original(&fixture, &["reclaim-exists", "reclaim-judged-dead"]);
    is_at(&mut other, "reclaim-exists");
    assert_eq!(first.run(), Ok(()));
    other.go_on();
    is_at(&mut other, "reclaim-judged-dead");
    second.take(links(1));
    assert!(fixture.path().join(RECLAIM).exists());
    other.go_on();
    is_refused(&mut other, "reclaimed by pid");
    assert!(!fixture.path().join(RECLAIM).exists());
    let refused = second.run().unwrap_err();
    assert!(matches!(refused.cause, Cause::Held(_)));
    assert!(first.still_held());
}

/// Returns an original under its reclaim lock, which it took when an owner had just released. So it removes whichever
/// file has the lock's name by now, without another check. It stops before that, and at these steps.
fn blind_original(fixture: &Fixture, pauses: &[&str]) -> Contender {
    let lock = acquire(fixture.path()).unwrap();
    let pauses = [&["lock-exists", "lock-judged-dead"], pauses].concat();
    let mut other = original(fixture, &pauses);
    is_at(&mut other, "lock-exists");
    lock.release().unwrap();
    other.go_on();
    is_at(&mut other, "lock-judged-dead");
    assert_eq!(fixture.files(), [RECLAIM]);
    other
}

#[test]
fn ours_waits_for_an_original_and_yields_when_it_replaced_it() {
    let fixture = Fixture::free();
    let mut other = blind_original(&fixture, &["lock-created"]);
    let mut ours = attempt(&fixture);
    for _ in 0..3 {
        waits(&mut ours, Awaited::OtherReclaim, RECLAIM);
    }
    other.go_on();
    is_at(&mut other, "lock-created");
    waits(&mut ours, Awaited::OtherReclaim, RECLAIM);
    other.go_on();
    assert_eq!(other.answer(), Answer::Owns);
    by_the_original(ours.proceed(), &other);
    assert_eq!(fixture.files(), [LOCK]);
}

#[test]
fn ours_waits_for_an_original_and_owns_when_it_was_faster() {
    let fixture = Fixture::free();
    let mut other = blind_original(&fixture, &["lock-removed", "reclaim-done"]);
    other.go_on();
    is_at(&mut other, "lock-removed");
    let mut ours = attempt(&fixture);
    waits(&mut ours, Awaited::OtherReclaim, RECLAIM);
    other.go_on();
    is_at(&mut other, "reclaim-done");
    waits(&mut ours, Awaited::OtherReclaim, RECLAIM);
    other.go_on();
    is_refused(&mut other, "a newcomer was faster");
    let lock = owns(&mut ours);
    assert!(lock.warnings().is_empty());
    lock.release().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
fn ours_waits_for_an_original_whose_reclaim_lock_is_empty() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let mut other = original(&fixture, &["lock-exists", "reclaim-created"]);
    is_at(&mut other, "lock-exists");
    lock.release().unwrap();
    other.go_on();
    is_at(&mut other, "reclaim-created");
    let mut ours = attempt(&fixture);
    waits(&mut ours, Awaited::OtherReclaim, RECLAIM);
    other.go_on();
    // It sees our pid now.
    is_refused(&mut other, "reclaimed by pid");
    let lock = owns(&mut ours);
    lock.release().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
fn who_gives_up_waiting_for_the_original_leaves_nothing_of_ours() {
    let fixture = Fixture::free();
    let mut other = blind_original(&fixture, &[]);
    let mut ours = attempt(&fixture);
    waits(&mut ours, Awaited::OtherReclaim, RECLAIM);
    drop(ours);
    assert_eq!(fixture.files(), [RECLAIM]);
    other.go_on();
    assert_eq!(other.answer(), Answer::Owns);
}

// Limits that no rule of lockhost can change. races.rs has the race of two originals.

#[test]
fn limit_an_original_pausing_under_its_reclaim_lock_gets_in() {
    let fixture = Fixture::free();
    let mut other = blind_original(&fixture, &[]);
    let lock = acquire(fixture.path()).unwrap();
    let [warning] = lock.warnings() else {
        panic!("{:?}", lock.warnings());
    };
    assert!(warning.to_string().contains("stayed for two seconds"));
    assert!(lock.still_held().unwrap());
    other.go_on();
    assert_eq!(other.answer(), Answer::Owns);
    assert!(!lock.still_held().unwrap(), "two owners, and ours notices");
    assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::Lost);
    assert_eq!(fixture.files(), [LOCK]);
    let pid = fs::read_to_string(fixture.lock()).unwrap();
    assert_eq!(pid, format!("{}\n", other.pid()));
}

#[test]
fn limit_an_original_pausing_before_it_writes_gets_in() {
    let fixture = Fixture::free();
    let mut other = original(&fixture, &["lock-created"]);
    is_at(&mut other, "lock-created");
    let lock = acquire(fixture.path()).unwrap();
    assert_eq!(lock.replaced()[0].reason(), ReplacedReason::Malformed);
    // Its pid goes into a file that has no name any more.
    other.go_on();
    assert_eq!(other.answer(), Answer::Owns);
    assert!(lock.still_held().unwrap(), "two owners");
}

#[test]
fn limit_an_original_that_removes_our_reclaim_lock_lets_two_in() {
    let fixture = Fixture::stale().with(RECLAIM, NO_PROCESS);
    let mut other = original(&fixture, &["reclaim-judged-dead", "reclaim-removed"]);
    is_at(&mut other, "reclaim-judged-dead");
    // Meanwhile a lockhost process has replaced that one, and is under its own reclaim lock.
    let mut first = stepped(&fixture, 1);
    first.stop_before(unlinks(0));
    other.go_on();
    is_at(&mut other, "reclaim-removed");
    // That reclaim lock is gone, and so another lockhost process gets through as well.
    let mut second = stepped(&fixture, 2);
    second.stop_before(unlinks(0));
    assert_eq!(first.run(), Ok(()));
    assert!(first.still_held());
    assert_eq!(second.run(), Ok(()));
    assert!(second.still_held() && !first.still_held());
    // The original itself is refused.
    other.go_on();
    is_refused(&mut other, "reclaimed by pid");
}

#[test]
fn limit_an_original_without_its_lock_removes_ours_at_release() {
    let fixture = Fixture::free();
    let mut other = original(&fixture, &[]);
    assert_eq!(other.answer(), Answer::Owns);
    fs::remove_file(fixture.lock()).unwrap();
    let lock = acquire(fixture.path()).unwrap();
    assert!(other.end_of_input().success());
    assert!(!lock.still_held().unwrap());
    assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::Lost);
}
