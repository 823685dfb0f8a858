//! Users who share a private directory of a group.

use std::{fs, os::unix::fs::MetadataExt, process::Command};

use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::Fixture,
    program::{ended, lockhost},
};
use rustix::process::Signal;

use super::fixtures::{ANOTHER, GROUPS_ALONE, ONE, STICKY, User, shared};

/// Returns the program as this user, with these arguments before the directory, and a umask.
fn acquire_with(user: User, fixture: &Fixture, umask: &str, arguments: &[&str]) -> Command {
    let program = fixture.for_all(&lockhost());
    let mut command = user.script(
        fixture,
        &format!("umask {umask}; dir=$1; shift; exec \"$@\" \"$dir\""),
    );
    command.arg(program).arg("acquire").args(arguments);
    command
}

fn owns_with(user: User, fixture: &Fixture, umask: &str, arguments: &[&str]) -> Contender {
    let mut owner = Contender::start(&mut acquire_with(user, fixture, umask, arguments));
    assert_eq!(owner.answer(), Answer::Owns, "{}", owner.complaints());
    owner
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_second_user_is_refused_as_its_options_say() {
    let fixture = shared(GROUPS_ALONE);
    let mut owner = owns_with(ONE, &fixture, "077", &[]);
    let before = fixture.files();
    for (arguments, refused, quiet) in [
        (&[][..], 75, false),
        (&["-E", "9"], 9, false),
        (&["-q", "-E", "0"], 0, true),
        (&["--wait=10ms"], 75, false),
    ] {
        let mut command = acquire_with(ANOTHER, &fixture, "077", arguments);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(refused), "{output:?}");
        assert_eq!(output.stderr.is_empty(), quiet, "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    assert_eq!(fixture.files(), before);
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    assert_eq!(owner.complaints(), "");
}

/// Starts a second user's process that waits for a first user's.
fn waits_for(fixture: &Fixture) -> (Contender, Contender) {
    let owner = owns_with(ONE, fixture, "077", &[]);
    let mut waiting = acquire_with(ANOTHER, fixture, "077", &["--json", "--wait"]);
    let mut waiting = Contender::start(&mut waiting);
    let line = waiting.line();
    assert!(line.contains("\"waiting\""), "{line}");
    (owner, waiting)
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_second_user_waits_and_gets_in_after_the_release() {
    let fixture = shared(GROUPS_ALONE);
    let (mut owner, mut waiting) = waits_for(&fixture);
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    let line = waiting.line();
    assert!(line.contains("\"acquired\""), "{line}");
    assert_eq!(waiting.end(Signal::TERM).code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_second_user_that_waits_is_told_whose_a_dead_lock_is() {
    let fixture = shared(GROUPS_ALONE);
    let (mut owner, mut waiting) = waits_for(&fixture);
    let before = fixture.files();
    owner.end(Signal::KILL);
    let line = waiting.line();
    assert!(line.contains("belongs to user 47101)"), "{line}");
    assert!(
        line.contains("\"run it as user 47101 or root: its owner has ended"),
        "{line}"
    );
    assert_eq!(waiting.end_of_input().code(), Some(1));
    assert_eq!(fixture.files(), before);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_status_names_the_owner_of_a_lock_that_may_not_be_read() {
    let fixture = shared(GROUPS_ALONE);
    let mut owner = owns_with(ONE, &fixture, "077", &[]);
    let status = || {
        let mut command = Command::new(fixture.for_all(&lockhost()));
        ANOTHER.is_who_runs(command.arg("status").arg(fixture.path()));
        let output = command.output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(told).unwrap())
    };
    let (code, told) = status();
    assert_eq!(code, Some(0), "{told}");
    let line = format!(
        "pid {}, alive: the process is running; only user 47101 may read the file",
        owner.pid()
    );
    assert!(told.contains(&line), "{told}");
    assert!(told.contains("wait until it ends\n"), "{told}");
    // Then no claim names it.
    assert!(ANOTHER.does(&fixture, "rm -f \"$1\"/tinyforge.lock.1-*"));
    let (code, told) = status();
    assert_eq!(code, Some(4), "{told}");
    assert!(
        told.contains("ask user 47101 or root: no other user can check whether the owner lives"),
        "{told}"
    );
    owner.end(Signal::KILL);
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_person_cannot_break_a_lock_that_may_not_be_read() {
    let fixture = shared(GROUPS_ALONE);
    let mut owner = owns_with(ONE, &fixture, "077", &[]);
    let before = fixture.files();
    let claim = before
        .iter()
        .find_map(|it| it.to_str()?.strip_prefix("tinyforge.lock."));
    for signal in [None, Some(Signal::KILL)] {
        signal.map(|signal| owner.end(signal));
        let mut command = Command::new(fixture.for_all(&lockhost()));
        command
            .args(["break", "--owner", claim.unwrap()])
            .arg(fixture.path());
        ANOTHER.is_who_runs(&mut command);
        let (code, line) = ended(command.output().unwrap());
        assert_ne!(code, Some(0));
        let is_whose = [" user 47101)", "only user 47101 may read the file"].iter();
        assert!(is_whose.clone().any(|it| line.contains(it)), "{line}");
        assert_eq!(fixture.files(), before);
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_group_judges_and_takes_over_a_lock_that_it_may_read() {
    let fixture = shared(GROUPS_ALONE);
    for mode in ["0640", "0660"] {
        let mut owner = owns_with(ONE, &fixture, "077", &["--mode", mode]);
        for file in fixture.files() {
            let seen = fs::metadata(fixture.path().join(file)).unwrap().mode();
            assert_eq!(format!("{:04o}", seen & 0o7777), mode);
        }
        let (code, line) = ANOTHER.is_kept_out(&fixture);
        assert_eq!(code, Some(75));
        assert!(!line.contains(" user "), "{line}");
        owner.end(Signal::KILL);
        let told = ANOTHER.gets_in(&fixture);
        assert!(told.contains("stale lockfile"), "{told}");
        assert!(fixture.files().is_empty());
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_sticky_directory_keeps_a_dead_lock_for_its_user() {
    let fixture = shared(STICKY);
    let mut owner = owns_with(ONE, &fixture, "077", &["--mode=640"]);
    assert_eq!(ANOTHER.is_kept_out(&fixture).0, Some(75));
    owner.end(Signal::KILL);
    let before = fixture.files();
    let (code, line) = ANOTHER.is_kept_out(&fixture);
    assert_eq!(code, Some(1));
    assert!(
        line.contains("or root: the directory has the sticky bit"),
        "{line}"
    );
    assert_eq!(fixture.files(), before);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_lock_has_exactly_its_mode_whatever_the_umask_is() {
    for umask in ["000", "022", "077", "777"] {
        for mode in [0o600, 0o620, 0o640, 0o660, 0o666] {
            let fixture = shared(GROUPS_ALONE);
            let text = format!("{mode:o}");
            let mut command = acquire_with(ONE, &fixture, umask, &[]);
            let mut owner = Contender::start(command.env("LOCKHOST_MODE", &text));
            assert_eq!(owner.answer(), Answer::Owns, "{}", owner.complaints());
            let seen = fs::metadata(fixture.lock()).unwrap().mode();
            assert_eq!(seen & 0o7777, mode, "{umask}");
            assert_eq!(owner.end(Signal::TERM).code(), Some(0));
        }
    }
}

#[test]
fn a_mode_that_no_lock_can_have_is_refused_at_once() {
    let fixture = Fixture::free();
    let missing = fixture.path().join("missing");
    for mode in [
        "0700", "0400", "0060", "4600", "2660", "1600", "0", "rw", "0o600",
    ] {
        let mut command = Command::new(lockhost());
        command
            .args(["acquire", "--mkdir", "--mode", mode])
            .arg(&missing);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{mode}");
        assert!(!missing.exists());
    }
}
