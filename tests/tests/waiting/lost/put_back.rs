//! Lock files that are removed and put back, and never beside another one.

use std::{fs, os::unix::fs::MetadataExt, path::Path, process::Command, sync::Barrier, thread};

use lockhost::{ErrorKind, Restored};
use lockhost_tests::{
    contender::Contender,
    fixture::{Fixture, NO_PROCESS},
    program::text,
    schema::Schema,
    under_lock::{sleeps_until_notified, told, under_lock, until, watches},
};
use rustix::process::{Pid, Signal, kill_process};

use super::{TERMINATE, claim, clean, clean_at_once, is_back, next_line, owner, watching};

#[test]
fn a_lock_file_that_is_removed_is_put_back() {
    for how in 0.. {
        let fixture = Fixture::free();
        let mut owner = watching(&[], &fixture);
        let before = fs::metadata(fixture.lock()).unwrap().ino();
        let Some(anew) = clean_at_once(&owner, &fixture, how) else {
            break;
        };
        is_back(&mut owner, &fixture.lock());
        let after = fs::metadata(fixture.lock()).unwrap();
        assert!(anew || after.ino() == before);
        assert!(after.nlink() >= 2, "with its claim");
        let refused = under_lock(&[], fixture.path(), &["true"]).output().unwrap();
        assert_eq!(refused.status.code(), Some(75));
        // It reports that once, and loses nothing.
        assert_eq!(owner.end(Signal::USR2).code(), Some(3));
        assert_eq!(next_line(&mut owner), "");
        let _ = fs::remove_file(fixture.path().join("other"));
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
fn a_lock_file_is_put_back_as_often_as_it_is_removed() {
    let fixture = Fixture::free();
    let mut owner = watching(&[], &fixture);
    for how in [0, 2, 0, 2, 0] {
        clean_at_once(&owner, &fixture, how);
        is_back(&mut owner, &fixture.lock());
    }
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    assert!(fixture.files().is_empty());
}

#[test]
fn a_claim_that_is_missing_gets_its_name_again() {
    for options in [&[][..], &[TERMINATE]] {
        let fixture = Fixture::free();
        let mut owner = watching(options, &fixture);
        let claim = claim(&fixture);
        for _ in 0..3 {
            fs::remove_file(&claim).unwrap();
            is_back(&mut owner, &fixture.lock());
            let [lock, claim] = [&fixture.lock(), &claim].map(|it| fs::metadata(it).unwrap());
            assert_eq!((lock.ino(), lock.nlink()), (claim.ino(), 2));
        }
        let refused = under_lock(&[], fixture.path(), &["true"]).output().unwrap();
        assert_eq!(refused.status.code(), Some(75));
        assert_eq!(owner.end(Signal::USR2).code(), Some(3), "it is no loss");
        assert_eq!(owner.line(), "");
        assert!(fixture.files().is_empty());
    }
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_claim_is_linked_where_only_proc_names_an_open_file() {
    let fixture = Fixture::free();
    let program = under_lock(&["--json"], fixture.path(), &[]);
    let mut strace = Command::new("strace");
    // The first link is the lock's.
    strace
        .args(["-o", "/dev/null", "-e", "trace=linkat", "-e"])
        .arg("inject=linkat:error=ENOENT:when=2")
        .arg(program.get_program())
        .args(program.get_args());
    let mut owner = Contender::start(&mut strace);
    let acquired = Schema::documented().read(&owner.line());
    fs::remove_file(claim(&fixture)).unwrap();
    let event = Schema::documented().read(&owner.line());
    assert_eq!(event["how"], "claim");
    let pid = acquired["pid"].as_i64().and_then(|pid| pid.try_into().ok());
    kill_process(pid.and_then(Pid::from_raw).unwrap(), Signal::TERM).unwrap();
    assert_eq!(owner.end_of_input().code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
fn a_name_that_another_file_has_is_not_the_claims_again() {
    let fixture = Fixture::free();
    let owner = lockhost::acquire(fixture.path()).unwrap();
    let claim = claim(&fixture);
    fs::remove_file(&claim).unwrap();
    fs::write(&claim, NO_PROCESS).unwrap();
    assert_eq!(owner.restore().unwrap(), Restored::Intact);
    assert_eq!(fs::read_to_string(&claim).unwrap(), NO_PROCESS);
    fs::remove_file(&claim).unwrap();
    assert_eq!(owner.restore().unwrap(), Restored::Claim);
    assert_eq!(owner.restore().unwrap(), Restored::Intact);
    owner.release().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
fn with_terminate_a_file_that_alone_had_the_name_is_no_loss() {
    let fixture = Fixture::free();
    let mut owner = watching(&[TERMINATE], &fixture);
    for _ in 0..3 {
        clean(&fixture, 0);
        is_back(&mut owner, &fixture.lock());
    }
    // It gets no other signal.
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    assert_eq!(owner.line(), "");
    assert!(fixture.files().is_empty());
}

#[test]
fn with_terminate_a_file_that_was_replaced_meanwhile_is_a_loss() {
    // Files that another process makes and removes while lockhost is stopped.
    let make: [fn(&Path); 3] = [
        |lock| fs::write(lock, "").unwrap(),
        |lock| {
            let other = lock.with_extension("other");
            fs::write(&other, "").unwrap();
            fs::rename(other, lock).unwrap();
        },
        |lock| drop(lockhost::acquire(lock.parent().unwrap()).unwrap()),
    ];
    for make in make {
        let fixture = Fixture::free();
        let mut owner = watching(&[TERMINATE], &fixture);
        owner.signal(Signal::STOP);
        fs::remove_file(fixture.lock()).unwrap();
        make(&fixture.lock());
        let _ = fs::remove_file(fixture.lock());
        owner.signal(Signal::CONT);
        let mut lines = [(); 3].map(|()| owner.line());
        lines.sort();
        assert_eq!(lines[..2], ["heard SIGCONT", "heard SIGTERM"]);
        assert!(
            lines[2].contains(" is back; another process may"),
            "{lines:?}"
        );
        let refused = under_lock(&[], fixture.path(), &["true"]).output().unwrap();
        assert_eq!(refused.status.code(), Some(75), "until it has ended");
        assert_eq!(owner.end(Signal::USR2).code(), Some(3));
        assert!(fixture.files().is_empty());
    }
}

#[test]
fn with_terminate_a_file_that_was_made_anew_is_a_loss() {
    let fixture = Fixture::free();
    let mut owner = watching(&[TERMINATE], &fixture);
    clean_at_once(&owner, &fixture, 2);
    is_back(&mut owner, &fixture.lock());
    assert_eq!(next_line(&mut owner), "heard SIGTERM");
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    assert!(fixture.files().is_empty());
}

#[test]
fn a_busy_directory_hides_no_removal_from_an_observer() {
    let fixture = Fixture::free();
    let owner = lockhost::acquire(fixture.path()).unwrap();
    assert!(owner.observe());
    let longest = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    for _ in 0..longest.trim().parse::<usize>().unwrap() {
        let busy = fixture.path().join("busy");
        fs::write(&busy, "").unwrap();
        fs::remove_file(busy).unwrap();
    }
    fs::remove_file(fixture.lock()).unwrap();
    assert_eq!(owner.restore().unwrap(), Restored::Unobserved, "not known");
    owner.verify().unwrap();
    fs::remove_file(fixture.lock()).unwrap();
    assert_eq!(owner.restore().unwrap(), Restored::Observed, "it is again");
    owner.release().unwrap();
    assert!(fixture.files().is_empty());
}

/// Asserts how the program reports that a file removed in this way is back.
fn is_back_as(options: &[&str], remove: impl FnOnce(&Contender, &Fixture), restored: &str) {
    let fixture = Fixture::free();
    let options = [&["--json"], options].concat();
    let mut owner = owner(&options, &fixture, &[]);
    assert!(owner.line().contains("acquired"));
    remove(&owner, &fixture);
    let event = Schema::documented().read(&owner.line());
    assert_eq!(event["event"], "restored");
    assert_eq!(event["how"], restored);
    assert_eq!(event["path"], text(&fixture.lock()));
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
}

fn remove_lock(_: &Contender, fixture: &Fixture) {
    fs::remove_file(fixture.lock()).unwrap();
}

fn remove_claim(_: &Contender, fixture: &Fixture) {
    fs::remove_file(claim(fixture)).unwrap();
}

fn remove_both(owner: &Contender, fixture: &Fixture) {
    clean_at_once(owner, fixture, 2);
}

#[test]
fn a_file_that_is_back_is_an_event() {
    is_back_as(&[], remove_lock, "unobserved");
    is_back_as(&[], remove_claim, "claim");
    is_back_as(&[], remove_both, "weaker");
}

#[test]
fn with_terminate_it_says_that_the_return_was_observed() {
    is_back_as(&[TERMINATE], remove_lock, "observed");
}

#[test]
fn an_owner_that_puts_its_file_back_is_never_a_second_one() {
    let fixture = Fixture::free();
    let (mut back, mut observed, mut lost) = (0, 0, 0);
    for round in 0..500 {
        let owner = lockhost::acquire(fixture.path()).unwrap();
        assert!(owner.observe());
        let barrier = Barrier::new(2);
        clean(&fixture, if round % 2 == 0 { 0 } else { 2 });
        // Every other one releases at once.
        let is_short = round % 4 < 2;
        let ((newcomer, got_in), restored) = thread::scope(|scope| {
            let newcomer = scope.spawn(|| {
                barrier.wait();
                let mut newcomer = lockhost::acquire(fixture.path());
                let got_in = newcomer.is_ok();
                if is_short && let Ok(lock) = newcomer {
                    // The owner may have its file back by then.
                    newcomer = match lock.release() {
                        Ok(()) => lockhost::acquire(fixture.path()),
                        Err(error) => Err(error),
                    };
                }
                (newcomer, got_in)
            });
            barrier.wait();
            let restored = loop {
                match owner.restore() {
                    Ok(Restored::Pending(_)) => {}
                    other => break other,
                }
            };
            (newcomer.join().unwrap(), restored)
        });
        if matches!(restored, Ok(Restored::Observed)) {
            observed += 1;
            assert!(!got_in, "{round}: another one had the lock");
        }
        let held = owner.still_held().unwrap();
        match &newcomer {
            Ok(newcomer) => assert!(!held || !newcomer.still_held().unwrap(), "{round}"),
            Err(error) => assert!(held && error.is_refusal(), "{round}: {error}"),
        }
        if held {
            back += 1;
            owner.release().unwrap();
        } else {
            lost += 1;
            assert_eq!(owner.release().unwrap_err().kind(), ErrorKind::Lost);
        }
        drop(newcomer);
        assert!(fixture.files().is_empty(), "{round}: {:?}", fixture.files());
    }
    println!("{back} put back, {observed} of these observed, {lost} lost");
}

#[test]
fn a_waiter_leaves_the_owner_the_time_to_put_its_file_back() {
    let fixture = Fixture::free();
    let mut owner = watching(&[], &fixture);
    let mut waiter = Contender::start(&mut told(&under_lock(&["--wait"], fixture.path(), &[])));
    let sleeps = || watches(waiter.pid()) && sleeps_until_notified(waiter.pid()) == Some(true);
    until("it waits", sleeps);
    for _ in 0..8 {
        clean(&fixture, 0);
        is_back(&mut owner, &fixture.lock());
        until("it waits again", sleeps);
    }
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    let line = waiter.line();
    assert!(line.starts_with("acquired "), "{line}");
    assert_eq!(waiter.end(Signal::TERM).code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
fn an_owner_never_undoes_a_break() {
    let fixture = Fixture::free();
    let owner = lockhost::acquire(fixture.path()).unwrap();
    // Another lock has the name, as after `break`, and is released.
    fs::remove_file(fixture.lock()).unwrap();
    let breaker = lockhost::acquire(fixture.path()).unwrap();
    assert_eq!(owner.restore().unwrap_err().kind(), ErrorKind::Lost);
    breaker.release().unwrap();
    assert_eq!(owner.restore().unwrap_err().kind(), ErrorKind::Lost);
    assert!(!owner.still_held().unwrap());
    assert!(!fixture.lock().exists());
}

#[test]
fn a_further_name_of_the_file_does_not_undo_a_break() {
    let fixture = Fixture::free();
    let owner = lockhost::acquire(fixture.path()).unwrap();
    let claim = claim(&fixture);
    fs::hard_link(&claim, fixture.path().join("snapshot")).unwrap();
    // The effects of a break.
    fs::remove_file(fixture.lock()).unwrap();
    fs::remove_file(&claim).unwrap();
    fs::write(fixture.lock(), NO_PROCESS).unwrap();
    assert_eq!(owner.restore().unwrap_err().kind(), ErrorKind::Lost);
    fs::remove_file(fixture.lock()).unwrap();
    assert_eq!(owner.restore().unwrap_err().kind(), ErrorKind::Lost);
    assert_eq!(fixture.files(), ["snapshot"]);
}

#[test]
fn a_directory_that_was_moved_gets_no_file_back() {
    let fixture = Fixture::free();
    let [data, old] = ["data", "old"].map(|it| fixture.path().join(it));
    fs::create_dir(&data).unwrap();
    let owner = lockhost::acquire(&data).unwrap();
    fs::rename(&data, &old).unwrap();
    fs::remove_file(old.join("tinyforge.lock")).unwrap();
    assert_eq!(owner.restore().unwrap_err().kind(), ErrorKind::Lost);
    assert!(!old.join("tinyforge.lock").exists());
}
