//! Users who may not write the directory.

use std::{fs, os::unix::fs::MetadataExt};

use lockhost_tests::contender::Answer;
use rustix::process::Signal;

use super::fixtures::{ANOTHER, ONE, STRANGER, WRITABLE, shared, stopped_after};

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_stranger_gets_nowhere_and_changes_nothing() {
    let fixture = shared(WRITABLE);
    let (code, line) = STRANGER.is_kept_out(&fixture);
    assert_eq!(code, Some(1));
    assert!(line.contains("(the directory belongs to user 0)"), "{line}");
    assert!(fixture.files().is_empty());
    // Beside an owner, and beside what it leaves.
    let mut owner = ONE.owns(&fixture);
    for (signal, refused, whose) in [
        (None, 75, ": only user 47101 may read the file\n"),
        (Some(Signal::KILL), 1, "(the file belongs to user 47101)\n"),
    ] {
        signal.map(|signal| owner.end(signal));
        let before = fixture.files();
        let (code, line) = STRANGER.is_kept_out(&fixture);
        assert_eq!(code, Some(refused));
        assert!(line.contains(whose), "{line}");
        assert_eq!(fixture.files(), before);
    }
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn no_other_user_can_open_or_lock_a_lock_of_ours() {
    let fixture = shared(WRITABLE);
    ONE.crashes(&fixture);
    for user in [ANOTHER, STRANGER] {
        for file in fixture.files() {
            let file = file.into_string().unwrap();
            assert!(
                !user.does(&fixture, &format!("exec 3<\"$1/{file}\"")),
                "{file}"
            );
            assert!(
                !user.does(&fixture, &format!("exec 3>>\"$1/{file}\"")),
                "{file}"
            );
        }
    }
    // Yet the shell can open files at all.
    assert!(ONE.does(&fixture, "exec 3<\"$1/tinyforge.lock\""));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_lock_on_the_directory_itself_blocks_no_process() {
    let fixture = shared(WRITABLE);
    let _keeper = STRANGER.keeps(&fixture, "exec 3<\"$1\" && flock --exclusive 3");
    ONE.crashes(&fixture);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn another_user_cannot_signal_the_owner() {
    let fixture = shared(WRITABLE);
    let mut owner = ONE.owns(&fixture);
    for user in [ANOTHER, STRANGER] {
        for signal in ["TERM", "KILL", "STOP", "HUP"] {
            assert!(!user.does(&fixture, &format!("kill -{signal} {}", owner.pid())));
        }
    }
    assert_eq!(owner.try_end(), None);
    assert!(ONE.does(&fixture, &format!("kill -TERM {}", owner.pid())));
    assert_eq!(owner.end_of_input().code(), Some(0));
}

#[test]
#[cfg_attr(not_root_or_no_strace, ignore = "needs root and strace(1)")]
fn a_claim_is_private_from_the_moment_that_it_is_made() {
    let fixture = shared(WRITABLE);
    // The second call is for the claim, which has just been made.
    let mut owner = stopped_after(ONE, &fixture, "fstatfs", 2);
    let claim = fixture.files().remove(0).into_string().unwrap();
    let mode = fs::metadata(fixture.path().join(&claim)).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(!STRANGER.does(&fixture, &format!("exec 3<\"$1/{claim}\"")));
    owner.signal(Signal::CONT);
    assert_eq!(owner.answer(), Answer::Owns);
    assert!(fixture.files().contains(&claim.into()));
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can become another user")]
fn a_stale_lock_that_all_may_read_is_held_by_who_locks_it() {
    // lockhost's files are private; other programs' often are not.
    let fixture = shared(WRITABLE);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let keeper = STRANGER.keeps(&fixture, "exec 3<\"$1/tinyforge.lock\" && flock --shared 3");
    // A process that only probes also takes a shared lock.
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
    drop(keeper);
    assert!(ONE.does(
        &fixture,
        "umask 022; echo 999999999 > \"$1/tinyforge.lock\""
    ));
    let keeper = STRANGER.keeps(
        &fixture,
        "exec 3<\"$1/tinyforge.lock\" && flock --exclusive 3",
    );
    let (code, line) = ONE.is_kept_out(&fixture);
    assert_eq!(code, Some(75));
    assert!(
        line.contains("  hint: lslocks lists the processes that keep a file locked"),
        "{line}"
    );
    assert_eq!(fixture.files(), ["tinyforge.lock"]);
    drop(keeper);
    assert!(ONE.gets_in(&fixture).contains("stale lockfile"));
}
