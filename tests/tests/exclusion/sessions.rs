//! Owners with sessions at a coordinator, as on a volume that several machines mount.
//!
//! An owner on another machine is files, a session and a key: nothing here can see its process.
#![cfg(target_os = "linux")]

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use lockhost::{
    AliveReason, Awaited, Confirmation, DeadReason, ErrorKind, Liveness, Lock, Progress,
    ReplacedReason, UnknownReason, Waiting,
    coordinator::{FencingToken, Session},
};
use lockhost_tests::{
    fixture::Fixture,
    memory_coordinator::{ENDPOINT, MemoryCoordinator, TIMING},
};
use rustix::event::{PollFd, PollFlags, poll};

const LOCK: &str = "tinyforge.lock";

/// An owner on another machine.
struct Elsewhere {
    coordinator: Arc<MemoryCoordinator>,
    fixture: Fixture,
    session: Session,
    token: FencingToken,
}

impl Elsewhere {
    fn new() -> Self {
        let coordinator = MemoryCoordinator::new();
        let session = coordinator.enroll_another(1);
        let elsewhere = Self {
            token: coordinator.put_key(session),
            fixture: Fixture::free(),
            coordinator,
            session,
        };
        fs::write(elsewhere.claim(), "4711\n").unwrap();
        fs::hard_link(elsewhere.claim(), elsewhere.fixture.lock()).unwrap();
        elsewhere
    }

    /// Returns the path of its claim.
    fn claim(&self) -> PathBuf {
        let boot = "0123456789abcdef0123456789abcdef";
        let deadline = TIMING.deadline.as_millis();
        let session = self.session;
        let name = format!("{LOCK}.2-p4711-s1-b{boot}-n1-x{session}-d{deadline}");
        self.fixture.path().join(name)
    }

    fn revoke(&self) {
        self.coordinator.revoke(self.session);
    }

    fn acquire(&self) -> Result<Lock, lockhost::Error> {
        self.coordinator.options().acquire(self.fixture.path())
    }

    /// Returns what the owner is known to be, without waiting for anything.
    fn judged(&self) -> Liveness {
        let refused = self.acquire().expect_err("the owner is not dead");
        assert_eq!(refused.kind(), ErrorKind::Held, "{refused}");
        refused.holder().expect("it has an owner").liveness()
    }
}

/// Returns whether the lock must be considered lost.
fn is_lost(lock: &Lock) -> bool {
    let lost = lock.lost().expect("it has a session");
    let mut polled = [PollFd::from_borrowed_fd(lost, PollFlags::IN)];
    poll(&mut polled, Some(&rustix::event::Timespec::default())).unwrap() == 1
}

fn await_loss(lock: &Lock) {
    let lost = lock.lost().expect("it has a session");
    poll(&mut [PollFd::from_borrowed_fd(lost, PollFlags::IN)], None).unwrap();
}

fn waits(attempt: &mut lockhost::Attempt) -> Waiting {
    match attempt.proceed().expect("it waits") {
        Progress::Waiting(waiting) => waiting,
        Progress::Acquired(lock) => panic!("it has the lock: {lock:?}"),
    }
}

#[test]
fn a_lock_with_a_session_leaves_nothing_when_it_is_released() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    let lock = coordinator.options().acquire(fixture.path()).unwrap();
    let [session] = coordinator.sessions()[..] else {
        panic!("one session: {:?}", coordinator.sessions())
    };
    assert_eq!(coordinator.key(), Some(session));
    assert!(lock.identity().starts_with("2-p"), "{}", lock.identity());
    assert!(lock.identity().contains(&format!("{session}-d2000")));
    assert!(lock.fencing_token().is_some() && lock.incarnation().is_some());
    assert!(lock.deadline().is_some() && !is_lost(&lock));
    lock.verify().unwrap();
    lock.release().unwrap();
    assert!(coordinator.sessions().is_empty());
    assert_eq!(coordinator.key(), None);
    assert!(fixture.files().is_empty());
}

#[test]
fn a_dropped_lock_and_a_refused_attempt_leave_no_session() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    let lock = coordinator.options().acquire(fixture.path()).unwrap();
    let refused = coordinator.options().acquire(fixture.path()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Held);
    assert_eq!(coordinator.sessions().len(), 1);
    drop(lock);
    assert!(coordinator.sessions().is_empty());
    let attempt = coordinator.options().attempt(fixture.path()).unwrap();
    drop(attempt);
    assert!(coordinator.sessions().is_empty());
}

#[test]
fn an_owner_elsewhere_is_alive_while_its_session_is_there() {
    let elsewhere = Elsewhere::new();
    assert_eq!(elsewhere.judged(), Liveness::Alive(AliveReason::Session));
    assert_eq!(elsewhere.coordinator.sessions().len(), 1);
}

#[test]
fn a_session_that_is_gone_is_watched_and_then_replaced() {
    let elsewhere = Elsewhere::new();
    elsewhere.revoke();
    let options = elsewhere.coordinator.options();
    let mut attempt = options.attempt(elsewhere.fixture.path()).unwrap();
    let waiting = waits(&mut attempt);
    assert_eq!(waiting.awaited(), Awaited::Session);
    let (gone, left) = waiting.watched().expect("it is watched");
    assert!(gone < left && left > TIMING.deadline, "{waiting:?}");
    // Nothing was made yet.
    assert_eq!(elsewhere.fixture.files().len(), 2);
    let lock = loop {
        match attempt.proceed().unwrap() {
            Progress::Acquired(lock) => break lock,
            Progress::Waiting(waiting) => thread::sleep(waiting.retry_after()),
        }
    };
    let [replaced] = lock.replaced() else {
        panic!("{:?}", lock.replaced())
    };
    let reason = ReplacedReason::Dead(DeadReason::SessionGone);
    assert_eq!(replaced.reason(), reason);
    assert!(lock.fencing_token() > Some(elsewhere.token));
    assert!(!elsewhere.claim().exists());
    lock.release().unwrap();
    assert!(elsewhere.fixture.files().is_empty());
    assert_eq!(elsewhere.coordinator.key(), None);
}

#[test]
fn a_session_that_is_there_again_is_not_replaced() {
    let elsewhere = Elsewhere::new();
    elsewhere.revoke();
    let options = elsewhere.coordinator.options();
    let mut attempt = options.attempt(elsewhere.fixture.path()).unwrap();
    waits(&mut attempt);
    elsewhere.coordinator.await_mark(elsewhere.session);
    // As data does that is restored from a snapshot.
    elsewhere.coordinator.enroll_another(1);
    let refused = attempt.proceed().unwrap_err();
    assert_eq!(
        refused.holder().unwrap().liveness(),
        Liveness::Alive(AliveReason::Session)
    );
}

#[test]
fn an_attempt_that_does_not_wait_reports_the_watch() {
    let elsewhere = Elsewhere::new();
    elsewhere.revoke();
    let options = elsewhere.coordinator.options().wait(false);
    let error = options.acquire(elsewhere.fixture.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsettled);
}

#[test]
fn an_owner_of_another_incarnation_is_unknown() {
    let elsewhere = Elsewhere::new();
    elsewhere.coordinator.wipe();
    let unknown = Liveness::Unknown(UnknownReason::OtherIncarnation);
    assert_eq!(elsewhere.judged(), unknown);
}

#[test]
fn an_owner_with_a_session_is_unknown_without_the_coordinator() {
    let elsewhere = Elsewhere::new();
    elsewhere.revoke();
    let refused = lockhost::acquire(elsewhere.fixture.path()).unwrap_err();
    let unknown = Liveness::Unknown(UnknownReason::NoCoordinator);
    assert_eq!(refused.holder().unwrap().liveness(), unknown);
}

#[test]
fn a_coordinator_that_does_not_answer_is_named() {
    let elsewhere = Elsewhere::new();
    let options = elsewhere.coordinator.options();
    let mut attempt = options.attempt(elsewhere.fixture.path()).unwrap();
    elsewhere.coordinator.cut(true);
    for error in [
        attempt.proceed().unwrap_err(),
        elsewhere.acquire().unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Coordinator);
        assert!(error.to_string().contains(ENDPOINT), "{error}");
        assert!(error.to_string().contains("cut off"), "{error}");
    }
    assert_eq!(elsewhere.fixture.files().len(), 2);
}

#[test]
fn a_key_without_a_lock_file_is_respected() {
    // A late REMOVE took the owner's lock file and claim.
    let elsewhere = Elsewhere::new();
    fs::remove_file(elsewhere.claim()).unwrap();
    fs::remove_file(elsewhere.fixture.lock()).unwrap();
    let error = elsewhere.acquire().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contended, "{error}");
    assert!(elsewhere.fixture.files().is_empty());
    assert_eq!(elsewhere.coordinator.key(), Some(elsewhere.session.nonce));
    assert_eq!(elsewhere.coordinator.sessions().len(), 1);
}

#[test]
fn a_key_whose_session_is_gone_is_taken_after_the_watch() {
    let elsewhere = Elsewhere::new();
    fs::remove_file(elsewhere.claim()).unwrap();
    fs::remove_file(elsewhere.fixture.lock()).unwrap();
    elsewhere.revoke();
    let lock = elsewhere.acquire().unwrap();
    assert!(lock.replaced().is_empty());
    assert!(lock.fencing_token() > Some(elsewhere.token));
    lock.release().unwrap();
}

#[test]
fn a_claim_of_a_session_without_the_key_is_waited_out() {
    // A late REMOVE took the lock file, and the coordinator has forgotten the key.
    let elsewhere = Elsewhere::new();
    fs::remove_file(elsewhere.fixture.lock()).unwrap();
    let coordinator = MemoryCoordinator::new();
    let session = coordinator.enroll_another(1);
    assert_eq!(session, elsewhere.session);
    let options = coordinator.options();
    let mut attempt = options.attempt(elsewhere.fixture.path()).unwrap();
    let waiting = waits(&mut attempt);
    assert_eq!(waiting.awaited(), Awaited::Session);
    // Its claim goes, as when it releases.
    fs::remove_file(elsewhere.claim()).unwrap();
    match attempt.proceed().unwrap() {
        Progress::Acquired(lock) => lock.release().unwrap(),
        Progress::Waiting(waiting) => panic!("{waiting:?}"),
    }
}

#[test]
fn a_claim_of_another_incarnation_keeps_the_lock() {
    let elsewhere = Elsewhere::new();
    fs::remove_file(elsewhere.fixture.lock()).unwrap();
    elsewhere.coordinator.wipe();
    let error = elsewhere.acquire().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Coordinator, "{error}");
    assert_eq!(elsewhere.fixture.files().len(), 1, "its claim alone");
    assert_eq!(elsewhere.coordinator.key(), None);
}

#[test]
fn an_owner_whose_session_is_revoked_has_lost_its_lock() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    let lock = coordinator.options().acquire(fixture.path()).unwrap();
    let [nonce] = coordinator.sessions()[..] else {
        panic!("one session")
    };
    let incarnation = lock.incarnation().unwrap();
    coordinator.revoke(Session { incarnation, nonce });
    await_loss(&lock);
    assert!(!lock.still_held().unwrap());
    let error = lock.verify().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lost);
    assert!(error.to_string().contains("session is gone"), "{error}");
    let error = lock.release().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lost);
    assert!(fixture.files().is_empty());
}

#[test]
fn an_owner_that_is_cut_off_has_its_lock_until_the_deadline() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    let lock = coordinator.options().acquire(fixture.path()).unwrap();
    coordinator.cut(true);
    while lock.coordinator_failure().is_none() {
        thread::yield_now();
    }
    assert!(lock.still_held().unwrap());
    await_loss(&lock);
    // The descriptor comes a little early.
    while lock.verify().is_ok() {
        thread::yield_now();
    }
    let error = lock.verify().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lost);
    assert!(error.to_string().contains("in time"), "{error}");
    // What comes later revives nothing.
    coordinator.cut(false);
    assert!(lock.verify().is_err() && is_lost(&lock));
}

#[test]
fn each_confirm_is_passed_on_until_the_lock_is_lost() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    let lock = coordinator.options().acquire(fixture.path()).unwrap();
    let mut confirms = lock.confirms().expect("it has a session");
    for _ in 0..3 {
        assert_eq!(confirms.wait(Duration::MAX), Confirmation::Confirmed);
        assert!(confirms.left() <= TIMING.deadline && !confirms.left().is_zero());
    }
    coordinator.cut(true);
    // One confirm may be on its way.
    while confirms.wait(Duration::MAX) == Confirmation::Confirmed {}
    assert_eq!(confirms.wait(Duration::MAX), Confirmation::Over);
    assert!(confirms.left().is_zero() && confirms.failure().is_some());
}

#[test]
fn no_confirm_is_waited_for_after_a_release() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    for is_released in [true, false] {
        let lock = coordinator.options().acquire(fixture.path()).unwrap();
        let mut confirms = lock.confirms().expect("it has a session");
        let waiter = thread::spawn(
            move || {
                while confirms.wait(Duration::MAX) != Confirmation::Over {}
            },
        );
        match is_released {
            true => lock.release().unwrap(),
            false => drop(lock),
        }
        waiter.join().unwrap();
    }
}

#[test]
fn a_wait_for_a_confirm_ends_with_its_limit() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    let lock = coordinator.options().acquire(fixture.path()).unwrap();
    let mut confirms = lock.confirms().expect("it has a session");
    assert_eq!(confirms.wait(Duration::ZERO), Confirmation::Confirmed);
    coordinator.cut(true);
    while confirms.wait(Duration::ZERO) == Confirmation::Confirmed {}
    assert_eq!(confirms.wait(Duration::ZERO), Confirmation::Elapsed);
}

#[test]
fn a_lock_file_that_is_removed_is_lost_beside_a_coordinator() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    let lock = coordinator.options().acquire(fixture.path()).unwrap();
    fs::remove_file(lock.path()).unwrap();
    assert_eq!(lock.restore().unwrap_err().kind(), ErrorKind::Lost);
    assert!(!lock.path().exists());
}

#[test]
fn intervals_that_do_not_fit_are_refused() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    let timing = lockhost::coordinator::Timing {
        deadline: Duration::from_millis(100),
        ..TIMING
    };
    let directory = "data".parse().unwrap();
    let options = lockhost::Options::new().coordinator(coordinator.clone(), directory, timing);
    let error = options.acquire(fixture.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Coordinator);
    assert!(coordinator.sessions().is_empty());
}

#[test]
fn of_many_attempts_with_sessions_one_gets_in_at_a_time() {
    let (coordinator, fixture) = (MemoryCoordinator::new(), Fixture::free());
    let (inside, tokens) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let options = coordinator.options().patience(Duration::MAX);
                    let lock = options.acquire(fixture.path()).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    tokens.lock().unwrap().push(lock.fencing_token());
                    lock.verify().unwrap();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    lock.release().unwrap();
                }
            });
        }
    });
    let tokens = tokens.into_inner().unwrap();
    assert_eq!(tokens.len(), 12);
    assert!(tokens.is_sorted(), "{tokens:?}");
    assert!(coordinator.sessions().is_empty() && coordinator.key().is_none());
    assert!(fixture.files().is_empty());
}
