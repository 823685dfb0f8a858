//! Users who may write the directory, and remove their own files there.

use std::{fs, path::Path};

use lockhost_tests::{
    contender::{Answer, Barrier, owners},
    program::lockhost,
};
use rustix::process::Signal;

use super::fixtures::{ANOTHER, ONE, STICKY, User, WRITABLE, shared};

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn in_a_sticky_directory_only_its_user_replaces_a_lock() {
    let fixture = shared(STICKY);
    let mut owner = ONE.owns(&fixture);
    let before = fixture.files();
    for script in [
        "rm -f \"$1\"/tinyforge.lock*",
        "mv \"$1/tinyforge.lock\" \"$1/away\"",
        "echo 1 > \"$1/mine\" && mv -f \"$1/mine\" \"$1/tinyforge.lock\"",
        "echo 1 > \"$1/tinyforge.lock\"",
    ] {
        assert!(!ANOTHER.does(&fixture, script), "{script}");
    }
    assert!(ANOTHER.does(&fixture, "rm -f \"$1/mine\""));
    assert_eq!(fixture.files(), before);
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
    assert_eq!(owner.complaints(), "");
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_stale_lock_that_only_its_user_may_remove_is_named() {
    let fixture = shared(STICKY);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let (code, line) = ANOTHER.is_kept_out(&fixture);
    assert_eq!(code, Some(1));
    let told = format!(
        "cannot remove {}: operation not permitted (the file belongs to user 47101)\n  hint: run it as user 47101, the \
         directory's user or root",
        fixture.lock().display()
    );
    assert!(line.contains(&told), "{line}");
    // Neither a claim nor a reclaim lock.
    assert_eq!(fixture.files(), ["tinyforge.lock"]);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_lock_of_ours_is_judged_by_its_user_and_root_alone() {
    for mode in [STICKY, WRITABLE] {
        let fixture = shared(mode);
        let mut owner = ONE.owns(&fixture);
        let before = fixture.files();
        let pid = owner.pid();
        let (code, line) = ANOTHER.is_kept_out(&fixture);
        assert_eq!(code, Some(75));
        let told = format!("{} is held by pid {pid} since ", fixture.lock().display());
        assert!(line.contains(&told), "{line}");
        let told = ": only user 47101 may read the file\n  hint: try again once it has ended";
        assert!(line.contains(told), "{line}");
        assert_eq!(fixture.files(), before);
        owner.end(Signal::KILL);
        let (code, line) = ANOTHER.is_kept_out(&fixture);
        assert_eq!(code, Some(1));
        let told = format!(
            "cannot open {}: permission denied (the file belongs to user 47101)\n  hint: run it as user 47101 or root: its \
             owner has ended",
            fixture.lock().display()
        );
        assert!(line.contains(&told), "{line}");
        assert_eq!(fixture.files(), before);
        let told = ONE.gets_in(&fixture);
        assert!(told.contains("stale lockfile"), "{told}");
        assert!(fixture.files().is_empty());
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn root_takes_over_from_every_user() {
    for mode in [STICKY, WRITABLE] {
        let fixture = shared(mode);
        ONE.crashes(&fixture);
        let lock = lockhost::acquire(fixture.path()).unwrap();
        assert_eq!(lock.replaced().len(), 1);
        lock.release().unwrap();
        assert!(fixture.files().is_empty());
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn after_a_release_the_directory_is_anybodys() {
    for mode in [STICKY, WRITABLE] {
        let fixture = shared(mode);
        for user in [ONE, ANOTHER, ONE] {
            assert_eq!(user.gets_in(&fixture), "");
            assert!(fixture.files().is_empty());
        }
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn claims_that_another_user_has_left_stay_for_that_user() {
    let fixture = shared(STICKY);
    ONE.crashes(&fixture);
    fs::remove_file(fixture.lock()).unwrap();
    let left = fixture.files();
    // It has replaced a file, so it sweeps.
    assert!(ANOTHER.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let told = ANOTHER.gets_in(&fixture);
    assert!(!told.contains("warning"), "{told}");
    assert_eq!(fixture.files(), left);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    ONE.gets_in(&fixture);
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn of_two_users_who_start_at_once_exactly_one_process_gets_in() {
    for mode in [STICKY, WRITABLE] {
        let fixture = shared(mode);
        let at_barrier = fixture.for_all(Path::new(env!("CARGO_BIN_EXE_at-barrier")));
        let program = fixture.for_all(&lockhost());
        let barrier = Barrier::new();
        let text = |path: &Path| path.to_str().expect("it is text").to_owned();
        let mut contenders: Vec<_> = (0..8)
            .map(|number| {
                let User(user, group) = if number % 2 == 0 { ONE } else { ANOTHER };
                let arguments = [
                    format!("--regid={group}"),
                    "--clear-groups".into(),
                    text(&at_barrier),
                    text(&program),
                    "acquire".into(),
                    text(fixture.path()),
                ];
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let user = format!("--reuid={user}");
                barrier.line_up("setpriv", Path::new(&user), &arguments)
            })
            .collect();
        barrier.open();
        let (count, answers) = owners(&mut contenders);
        assert_eq!(count, 1, "{answers:#?}");
        let kept_out = |answer: &&Answer| matches!(answer, Answer::Ended(Some(75), _));
        assert_eq!(answers.iter().filter(kept_out).count(), 7, "{answers:#?}");
        for (contender, answer) in contenders.iter_mut().zip(answers) {
            if answer == Answer::Owns {
                assert_eq!(contender.end(Signal::TERM).code(), Some(0));
            }
        }
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}
