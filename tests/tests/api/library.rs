//! The library, as a program embeds it.

use std::{fs, thread};

use lockhost::{
    AliveReason, Awaited, DEFAULT_NAME, ErrorKind, Liveness, Lock, Options, Progress,
    ReplacedReason, State, acquire, inspect,
};
use lockhost_tests::{
    fixture::{Fixture, NO_PROCESS},
    running::{another_process, lock_of_another_process},
};

#[test]
fn a_lock_is_released_by_release_and_by_drop() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    assert_eq!(lock.path(), fixture.lock());
    assert_eq!(lock.pid(), std::process::id());
    lock.release().unwrap();
    assert!(fixture.files().is_empty());
    drop(acquire(fixture.path()).unwrap());
    assert!(fixture.files().is_empty());
}

#[test]
fn a_lock_of_this_process_itself_is_told_apart() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let refused = acquire(fixture.path()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Held);
    assert!(refused.is_refusal());
    assert_eq!(refused.path(), fixture.lock());
    let holder = refused.holder().unwrap();
    assert!(holder.is_this_process() && holder.is_claimed());
    assert_eq!(holder.pid(), Some(std::process::id()));
    assert_eq!(holder.identity(), Some(lock.identity()));
    assert!(
        refused
            .to_string()
            .contains("is held by this process itself (pid "),
        "{refused}"
    );
}

#[test]
fn of_many_threads_exactly_one_gets_in() {
    for _ in 0..20 {
        let fixture = Fixture::stale();
        let outcomes: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| acquire(fixture.path())))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let (owners, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(owners.len(), 1);
        for refusal in refused {
            assert_eq!(refusal.unwrap_err().kind(), ErrorKind::Held);
        }
        drop(owners);
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
fn a_lock_can_be_sent_to_another_thread_and_shared() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Lock>();
    is_send_and_sync::<lockhost::Error>();
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let release = move || lock.release();
    thread::spawn(release).join().unwrap().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
fn what_was_replaced_is_kept_with_the_reason() {
    let fixture = Fixture::stale();
    let lock = acquire(fixture.path()).unwrap();
    let [replaced] = lock.replaced() else {
        panic!("{:?}", lock.replaced());
    };
    assert_eq!(replaced.path(), fixture.lock());
    assert_eq!(replaced.pid(), Some(999_999_999));
    assert!(matches!(replaced.reason(), ReplacedReason::Dead(_)));
    assert_eq!(replaced.to_string(), "stale lockfile (dead pid 999999999)");
    assert!(lock.warnings().is_empty());
}

#[test]
#[cfg_attr(
    under_wine,
    ignore = "Wine keeps a removed name for as long as anybody has its file open"
)]
fn a_removed_lock_file_is_noticed() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    assert!(lock.still_held().unwrap());
    fs::remove_file(fixture.lock()).unwrap();
    assert!(!lock.still_held().unwrap());
    assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::Lost);
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(
    under_wine,
    ignore = "Wine keeps a removed name for as long as anybody has its file open"
)]
fn a_replaced_lock_file_is_noticed_and_left_alone() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    fs::remove_file(fixture.lock()).unwrap();
    fs::write(fixture.lock(), NO_PROCESS).unwrap();
    assert!(!lock.still_held().unwrap());
    let lost = lock.release().unwrap_err();
    assert_eq!(
        (lost.kind(), lost.path()),
        (ErrorKind::Lost, fixture.lock().as_path())
    );
    assert_eq!(fixture.files(), [DEFAULT_NAME]);
    assert_eq!(fs::read_to_string(fixture.lock()).unwrap(), NO_PROCESS);
}

#[test]
#[cfg_attr(
    under_wine,
    ignore = "Wine keeps a removed name for as long as anybody has its file open"
)]
fn an_attempt_that_waits_can_be_dropped_and_leaves_nothing() {
    let fixture = Fixture::free().with(DEFAULT_NAME, "");
    let mut attempt = Options::new().attempt(fixture.path()).unwrap();
    let Progress::Waiting(waiting) = attempt.proceed().unwrap() else {
        panic!("a fresh empty file has not settled");
    };
    assert_eq!(
        (waiting.awaited(), waiting.path()),
        (Awaited::Settling, fixture.lock().as_path())
    );
    assert_eq!(fixture.files().len(), 2);
    drop(attempt);
    assert_eq!(fixture.files(), [DEFAULT_NAME]);
}

#[test]
fn an_attempt_without_waiting_is_refused_at_once() {
    for (files, awaited) in [
        (&[(DEFAULT_NAME, "")][..], DEFAULT_NAME),
        (
            &[("tinyforge.lock.reclaim", &lock_of_another_process())],
            "tinyforge.lock.reclaim",
        ),
    ] {
        let fixture = Fixture::free();
        for (file, content) in files {
            fs::write(fixture.path().join(file), content).unwrap();
        }
        let before = fixture.files();
        let options = Options::new().wait(false);
        let error = options.acquire(fixture.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsettled);
        assert!(error.is_refusal());
        assert_eq!(error.path(), fixture.path().join(awaited));
        assert_eq!(fixture.files(), before);
    }
}

#[test]
fn a_file_that_gets_its_pid_while_it_settles_holds() {
    let fixture = Fixture::free().with(DEFAULT_NAME, "");
    let mut attempt = Options::new().attempt(fixture.path()).unwrap();
    assert!(matches!(attempt.proceed(), Ok(Progress::Waiting(_))));
    fs::write(fixture.lock(), lock_of_another_process()).unwrap();
    let refused = attempt.proceed().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Held);
    assert_eq!(refused.holder().unwrap().pid(), Some(another_process()));
    assert_eq!(fixture.files(), [DEFAULT_NAME]);
}

#[test]
fn an_attempt_that_has_ended_says_so() {
    let fixture = Fixture::free();
    let mut attempt = Options::new().attempt(fixture.path()).unwrap();
    let Progress::Acquired(lock) = attempt.proceed().unwrap() else {
        panic!("the directory is free");
    };
    assert_eq!(attempt.proceed().unwrap_err().kind(), ErrorKind::Internal);
    drop(attempt);
    assert!(lock.still_held().unwrap());
}

#[test]
fn exactly_the_owner_that_is_named_is_assumed_to_be_dead() {
    let fixture = Fixture::free().with(DEFAULT_NAME, &lock_of_another_process());
    let refused = acquire(fixture.path()).unwrap_err();
    let holder = refused.holder().unwrap();
    assert_eq!(holder.liveness(), Liveness::Alive(AliveReason::Exists));
    let identity = holder.identity().unwrap().to_owned();
    let wrong = Options::new()
        .assume_dead("1@0.0")
        .acquire(fixture.path())
        .unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Held);
    let lock = Options::new()
        .assume_dead(identity)
        .acquire(fixture.path())
        .unwrap();
    assert_eq!(lock.replaced()[0].reason(), ReplacedReason::AssumedDead);
}

#[test]
fn an_owner_known_to_live_cannot_be_assumed_dead() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let refused = Options::new()
        .assume_dead(lock.identity())
        .acquire(fixture.path())
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Held);
    assert!(lock.still_held().unwrap());
}

#[test]
fn inspecting_tells_and_touches_nothing() {
    for (content, old, state) in [
        (NO_PROCESS, false, State::Stale),
        (&lock_of_another_process(), false, State::Held),
        ("", false, State::Malformed),
        ("garbage", true, State::Malformed),
    ] {
        let fixture = Fixture::free();
        let fixture = if old {
            fixture.with_old(DEFAULT_NAME, content)
        } else {
            fixture.with(DEFAULT_NAME, content)
        };
        let before = fs::metadata(fixture.lock()).unwrap().modified().unwrap();
        let status = inspect(fixture.path(), DEFAULT_NAME).unwrap();
        assert_eq!(status.state(), state, "{content:?}");
        assert_eq!(status.holder().unwrap().since(), Some(before));
        assert_eq!(fixture.files(), [DEFAULT_NAME]);
        assert_eq!(fs::read_to_string(fixture.lock()).unwrap(), content);
    }
    let fixture = Fixture::free();
    assert_eq!(
        inspect(fixture.path(), DEFAULT_NAME).unwrap().state(),
        State::Free
    );
    let lock = acquire(fixture.path()).unwrap();
    let status = inspect(fixture.path(), DEFAULT_NAME).unwrap();
    assert_eq!(status.state(), State::Held);
    assert!(status.holder().unwrap().is_this_process());
    assert!(status.reclaims().is_empty());
    assert_eq!(status.would_have_evidence(), lock.has_evidence());
}

#[test]
fn inspecting_tells_of_a_reclaim_in_progress() {
    let fixture = Fixture::stale().with("tinyforge.lock.reclaim", &lock_of_another_process());
    let status = inspect(fixture.path(), DEFAULT_NAME).unwrap();
    assert_eq!(status.state(), State::Stale);
    let pids: Vec<_> = status
        .reclaims()
        .iter()
        .map(lockhost::Holder::pid)
        .collect();
    assert_eq!(pids, [Some(another_process())]);
}

#[test]
fn errors_have_kinds_to_match_on() {
    let fixture = Fixture::free();
    let missing = acquire(fixture.path().join("missing")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
    assert_eq!(
        missing.io_error().unwrap().kind(),
        std::io::ErrorKind::NotFound
    );
    let name = Options::new()
        .name("x")
        .acquire(fixture.path())
        .unwrap_err();
    assert_eq!(name.kind(), ErrorKind::BadName);
    fs::create_dir(fixture.lock()).unwrap();
    let directory = acquire(fixture.path()).unwrap_err();
    assert_eq!(directory.kind(), ErrorKind::NotALock);
    assert_eq!(
        inspect(fixture.path(), DEFAULT_NAME).unwrap_err().kind(),
        ErrorKind::NotALock
    );
}

#[test]
#[cfg_attr(
    under_wine,
    ignore = "Wine keeps a removed name for as long as anybody has its file open"
)]
fn a_directory_that_is_removed_under_an_attempt_is_a_failure() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("gone");
    fs::create_dir(&directory).unwrap();
    let mut attempt = Options::new().attempt(&directory).unwrap();
    fs::remove_dir(&directory).unwrap();
    let error = attempt.proceed().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(
        error.io_error().unwrap().kind(),
        std::io::ErrorKind::NotFound
    );
}

#[test]
fn too_long_a_name_is_a_failure_that_leaves_nothing() {
    let fixture = Fixture::free();
    let name = format!("{}.lock", "x".repeat(250));
    let error = Options::new()
        .name(name)
        .acquire(fixture.path())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(fixture.files().is_empty());
}

#[test]
fn a_reclaim_sweeps_claims_of_the_dead_and_no_other_file() {
    let dead = "tinyforge.lock.1-p999999999";
    let fixture = Fixture::stale()
        .with("tinyforge.lock.bak", NO_PROCESS)
        .with(dead, NO_PROCESS);
    // A claim from this very machine, as far as its name shows, made by a process that is gone.
    let lock = acquire(fixture.path()).unwrap();
    let identity = lock
        .identity()
        .replace(&format!("-p{}-", lock.pid()), "-p999999999-");
    drop(lock);
    let gone = format!("{DEFAULT_NAME}.{identity}");
    fs::write(fixture.path().join(&gone), NO_PROCESS).unwrap();
    fs::write(fixture.lock(), NO_PROCESS).unwrap();
    let lock = acquire(fixture.path()).unwrap();
    let files = fixture.files();
    assert!(
        !files.iter().any(|file| file.to_str() == Some(&gone)),
        "{files:?}"
    );
    drop(lock);
    // A name with too few facts proves nothing.
    assert_eq!(fixture.files(), [dead, "tinyforge.lock.bak"]);
}
