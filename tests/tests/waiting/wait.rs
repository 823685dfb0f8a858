//! Waiting for a lock that another process has: the events that end it, and its cost until then.

// proc(5) shows that a process sleeps; shells, signals and terminals.
#[cfg(target_os = "linux")]
mod hand_over;
#[cfg(target_os = "linux")]
mod line;
#[cfg(target_os = "linux")]
mod linux;
// Parents and children, as proc(5) shows them, and shells.
#[cfg(target_os = "linux")]
mod ancestors;
// Directories that are moved while a waiter has them open, and a working directory of a thread's own.
#[cfg(target_os = "linux")]
mod turned;

use std::{fs, path::Path, thread, time::Duration};

use lockhost::{Awaited, ErrorKind, Options, Progress, acquire};
use lockhost_tests::{
    contender::Contender, fixture::Fixture, program::ended, under_lock::under_lock,
};

/// The longest time between two checks.
const BACKSTOP: Duration = Duration::from_secs(1);

#[test]
fn a_wait_that_is_over_is_the_refusal_that_it_would_have_been() {
    let fixture = Fixture::free();
    let owner = Contender::owner(fixture.path());
    let ends = |options: &[&str], environment: Option<&str>| {
        let mut command = under_lock(options, fixture.path(), &["true"]);
        command.env_remove("LOCKHOST_WAIT");
        if let Some(wait) = environment {
            command.env("LOCKHOST_WAIT", wait);
        }
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), told)
    };
    let (code, refusal) = ends(&[], None);
    assert_eq!(code, Some(75));
    assert!(
        refusal.contains(&format!("pid {}", owner.pid())),
        "{refusal}"
    );
    for (options, environment) in [
        (&["--wait=30ms"][..], None),
        (&["--wait=0"], None),
        (&["--wait=0.03"], None),
        (&["--wait=0s"], Some("forever")),
        (&[], Some("30ms")),
        (&[], Some("")),
    ] {
        assert_eq!(ends(options, environment), (Some(75), refusal.clone()));
    }
    for code in [0, 1, 255] {
        for option in ["-E", "--conflict-exit-code"] {
            let given = code.to_string();
            let ended = ends(&[option, &given, "--wait=1ms"], None);
            assert_eq!(ended, (Some(code), refusal.clone()));
        }
    }
    assert_eq!(ends(&["-q"], None), (Some(75), String::new()));
    for wrong in [
        &["--wait=soon"][..],
        &["--wait=3O"],
        &["--wait=1.2.3"],
        &["--wait=99999999999999999999"],
        &["-E", "256"],
        &["-E", "-1"],
        &["-E", "x"],
    ] {
        assert_eq!(ends(wrong, None).0, Some(2), "{wrong:?}");
    }
    assert_eq!(ends(&[], Some("soon")).0, Some(2));
}

#[test]
fn a_bound_holds_for_what_has_to_settle_too() {
    let reclaim = format!("{}\n", std::process::id());
    let fixtures = [
        (Fixture::free().with("tinyforge.lock", ""), "three seconds"),
        (
            Fixture::free().with("tinyforge.lock.reclaim", &reclaim),
            "five seconds",
        ),
    ];
    for (fixture, awaited) in fixtures {
        let before = fixture.files();
        for bound in ["--wait=20ms", "--wait=0.02", "--wait=0"] {
            let mut command = under_lock(&[bound], fixture.path(), &["true"]);
            let (code, line) = ended(command.output().unwrap());
            assert_eq!(code, Some(75), "{bound}: {line}");
            assert!(line.contains(awaited), "{line}");
        }
        let patient = Options::new().patience(Duration::from_millis(20));
        let error = patient.acquire(fixture.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsettled, "{error}");
        assert!(error.is_refusal() && error.hint().unwrap().contains(awaited));
        assert_eq!(fixture.files(), before, "nothing is taken over");
        let mut long = under_lock(&["--wait=3600", "-q"], fixture.path(), &["true"]);
        assert_eq!(long.status().unwrap().code(), Some(0));
    }
}

#[test]
fn an_attempt_that_is_bounded_sleeps_no_longer_than_its_bound() {
    let fixture = Fixture::free().with("tinyforge.lock", "");
    let bound = Duration::from_millis(500);
    let mut attempt = Options::new()
        .patience(bound)
        .attempt(fixture.path())
        .unwrap();
    let error = loop {
        match attempt.proceed() {
            Ok(Progress::Waiting(waiting)) => {
                assert_eq!(waiting.awaited(), Awaited::Settling);
                assert!(waiting.retry_after() <= bound);
                thread::sleep(waiting.retry_after());
            }
            Ok(Progress::Acquired(_)) => panic!("the file has not settled"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unsettled);
    assert_eq!(attempt.proceed().unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn a_directory_that_cannot_be_locked_is_not_waited_for() {
    let fixture = Fixture::free();
    let command = |path: &Path| under_lock(&["--wait", "-E", "9"], path, &["true"]).output();
    let missing = command(&fixture.path().join("missing")).unwrap();
    assert_eq!(missing.status.code(), Some(1));
    fs::create_dir(fixture.lock()).unwrap();
    assert_eq!(command(fixture.path()).unwrap().status.code(), Some(1));
}

#[test]
fn a_file_shows_no_line() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let mut waiter = under_lock(&["--wait=30ms", "-q"], fixture.path(), &["true"]);
    let output = waiter.output().unwrap();
    assert!(output.stderr.is_empty() && output.stdout.is_empty());
}

#[test]
fn in_a_program_a_lock_is_waited_for_while_patience_lasts() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let patient = |patience| Options::new().patience(patience);
    let refused = patient(Duration::from_millis(20)).acquire(fixture.path());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Held);
    let path = fixture.path().to_owned();
    let next = thread::spawn(move || patient(Duration::MAX).acquire(path));
    lock.release().unwrap();
    next.join().unwrap().unwrap().release().unwrap();
    assert!(fixture.files().is_empty());
}

#[test]
fn an_attempt_tells_whom_it_waits_for_and_what_may_wake_it() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    let options = Options::new().patience(Duration::MAX);
    let mut attempt = options.attempt(fixture.path()).unwrap();
    assert_eq!(attempt.descriptors().count(), 0);
    let Progress::Waiting(waiting) = attempt.proceed().unwrap() else {
        panic!("another process has it");
    };
    assert_eq!(waiting.awaited(), Awaited::Release);
    assert_eq!(waiting.path(), fixture.lock());
    assert_eq!(waiting.holder().unwrap().pid(), Some(owner.pid()));
    // It checks again soon, and once a second in the end, whatever is watched.
    let mut waiting = waiting;
    for _ in 0..16 {
        assert!(waiting.retry_after() <= BACKSTOP);
        waiting = match attempt.proceed().unwrap() {
            Progress::Waiting(waiting) => waiting,
            Progress::Acquired(_) => panic!("the owner has it"),
        };
    }
    assert_eq!(waiting.retry_after(), BACKSTOP);
    // The file, and the process.
    assert_eq!(attempt.descriptors().count(), 2);
    owner.stop();
    let Progress::Acquired(lock) = attempt.proceed().unwrap() else {
        panic!("it is free");
    };
    lock.release().unwrap();
}
