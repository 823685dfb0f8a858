//! The effects of backup tools and users on a directory that is locked, or was.
//!
//! On POSIX systems alone: cp(1) makes the backups, and evidence decides much of it.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{self, Command},
};

use lockhost::{AliveReason, Error, ErrorKind, Liveness, Lock, acquire};
use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::{Fixture, NO_PROCESS},
};

const LOCK: &str = "tinyforge.lock";

fn contender(fixture: &Fixture) -> Contender {
    Contender::acquire(fixture.path())
}

/// Returns a directory with data in it, and a process that has it.
fn owned() -> (Fixture, Contender) {
    let fixture = Fixture::free().with("data", "precious");
    let mut owner = contender(&fixture);
    assert_eq!(owner.answer(), Answer::Owns);
    (fixture, owner)
}

/// Makes a backup of a directory, by cp(1) with these options.
fn backup(fixture: &Fixture, options: &str) -> Fixture {
    let copy = Fixture::free();
    let status = Command::new("cp")
        .arg(options)
        .arg(fixture.path().join("."))
        .arg(copy.path())
        .status();
    assert!(status.expect("cp is there").success());
    assert_eq!(copy.files(), fixture.files());
    copy
}

fn hard_links(fixture: &Fixture) -> Fixture {
    let snapshot = backup(fixture, "-al");
    assert_eq!(inode(&snapshot.lock()), inode(&fixture.lock()));
    snapshot
}

fn inode(file: &Path) -> u64 {
    fs::symlink_metadata(file).unwrap().ino()
}

fn claim(fixture: &Fixture) -> PathBuf {
    let mut files = fixture.files().into_iter();
    let claim = files.find(|file| {
        file.to_str()
            .is_some_and(|it| it.starts_with("tinyforge.lock.1-"))
    });
    fixture.path().join(claim.expect("there is a claim"))
}

/// Asserts that the directory has all its files, and may be taken over.
fn is_taken_over(fixture: &Fixture, dead: u32) -> Lock {
    let lock = acquire(fixture.path()).unwrap();
    assert_eq!(lock.replaced()[0].pid(), Some(dead));
    assert!(lock.warnings().is_empty(), "{:?}", lock.warnings());
    lock
}

fn only_data_is_left(fixture: &Fixture) {
    assert_eq!(fixture.files(), ["data"]);
    assert_eq!(
        fs::read_to_string(fixture.path().join("data")).unwrap(),
        "precious"
    );
}

fn is_refused(outcome: Result<Lock, Error>, holder: u32) -> Error {
    let error = outcome.expect_err("it looks held");
    assert_eq!(error.kind(), ErrorKind::Held, "{error}");
    assert_eq!(error.holder().unwrap().pid(), Some(holder), "{error}");
    error
}

// Snapshots of hard links

#[test]
fn a_snapshot_of_hard_links_is_held_while_the_owner_lives() {
    let (fixture, mut owner) = owned();
    let snapshot = hard_links(&fixture);
    is_refused(acquire(snapshot.path()), owner.pid());
    is_refused(acquire(fixture.path()), owner.pid());
    assert_eq!(owner.stop().code(), Some(0));
    assert_eq!(owner.complaints(), "");
    only_data_is_left(&fixture);
    // The released file is gone in its own directory, and stale in the snapshot.
    assert_eq!(snapshot.files().len(), 3);
    is_taken_over(&snapshot, owner.pid()).release().unwrap();
    only_data_is_left(&snapshot);
}

#[test]
fn an_owner_still_has_its_lock_when_a_snapshot_shares_its_file() {
    let fixture = Fixture::free().with("data", "precious");
    let lock = acquire(fixture.path()).unwrap();
    let snapshot = hard_links(&fixture);
    assert!(lock.still_held().unwrap());
    lock.release().unwrap();
    only_data_is_left(&fixture);
    // Other processes are refused as long as its process lives; that process itself knows better.
    let mut other = contender(&snapshot);
    assert!(other.answer().is_refusal());
    is_taken_over(&snapshot, process::id()).release().unwrap();
    only_data_is_left(&snapshot);
}

#[test]
fn after_a_crash_directory_and_snapshot_are_taken_over() {
    for while_held in [true, false] {
        let (fixture, mut owner) = owned();
        let early = while_held.then(|| hard_links(&fixture));
        owner.kill();
        let snapshot = early.unwrap_or_else(|| hard_links(&fixture));
        let before = fs::metadata(snapshot.lock()).unwrap();
        let first = is_taken_over(&fixture, owner.pid());
        // Two names of the four are left, in the directory that no process has used.
        let after = fs::metadata(snapshot.lock()).unwrap();
        assert_eq!((before.ino(), before.nlink()), (after.ino(), 4));
        assert_eq!(after.nlink(), 2);
        assert_eq!(snapshot.files().len(), 3);
        let second = is_taken_over(&snapshot, owner.pid());
        assert!(first.still_held().unwrap() && second.still_held().unwrap());
        for lock in [first, second] {
            lock.release().unwrap();
        }
        only_data_is_left(&fixture);
        only_data_is_left(&snapshot);
    }
}

#[test]
fn a_snapshot_of_the_lock_alone_is_judged_by_the_kernels_word() {
    let (fixture, mut owner) = owned();
    let snapshot = hard_links(&fixture);
    fs::remove_file(claim(&snapshot)).unwrap();
    let error = is_refused(acquire(snapshot.path()), owner.pid());
    let liveness = error.holder().unwrap().liveness();
    assert_eq!(liveness, Liveness::Alive(AliveReason::Evidence));
    owner.kill();
    is_taken_over(&snapshot, owner.pid()).release().unwrap();
    only_data_is_left(&snapshot);
    assert_eq!(fixture.files().len(), 3);
    is_taken_over(&fixture, owner.pid()).release().unwrap();
    only_data_is_left(&fixture);
}

#[test]
fn a_snapshot_of_the_claim_alone_is_free() {
    let (fixture, mut owner) = owned();
    let snapshot = hard_links(&fixture);
    fs::remove_file(snapshot.lock()).unwrap();
    let sweep = || {
        fs::write(snapshot.lock(), NO_PROCESS).unwrap();
        acquire(snapshot.path()).unwrap().release().unwrap();
    };
    sweep();
    assert!(claim(&snapshot).exists());
    is_refused(acquire(fixture.path()), owner.pid());
    owner.kill();
    sweep();
    only_data_is_left(&snapshot);
    assert_eq!(fixture.files().len(), 3);
}

// Copies

#[test]
fn a_copy_of_a_held_lock_is_refused_while_the_owner_lives() {
    let (fixture, mut owner) = owned();
    let copy = backup(&fixture, "-a");
    assert_ne!(inode(&copy.lock()), inode(&fixture.lock()));
    assert_eq!(inode(&copy.lock()), inode(&claim(&copy)), "cp keeps links");
    is_refused(acquire(copy.path()), owner.pid());
    assert_eq!(copy.files().len(), 3);
    assert_eq!(owner.stop().code(), Some(0));
    is_taken_over(&copy, owner.pid()).release().unwrap();
    only_data_is_left(&copy);
    only_data_is_left(&fixture);
}

#[test]
fn a_copy_without_links_is_refused_while_the_owner_lives() {
    let (fixture, mut owner) = owned();
    let copy = backup(&fixture, "-r");
    assert_ne!(inode(&copy.lock()), inode(&claim(&copy)));
    // Only the pid shows whose it is.
    let error = is_refused(acquire(copy.path()), owner.pid());
    assert!(!error.holder().unwrap().is_claimed());
    owner.kill();
    is_taken_over(&copy, owner.pid()).release().unwrap();
    only_data_is_left(&copy);
}

#[test]
fn a_lock_file_restored_in_place_is_still_its_owners() {
    let (fixture, mut owner) = owned();
    // As cp(1) does: the same file with other content.
    fs::write(fixture.lock(), NO_PROCESS).unwrap();
    let error = acquire(fixture.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Held);
    assert!(error.holder().unwrap().is_claimed());
    assert_eq!(owner.stop().code(), Some(0));
    only_data_is_left(&fixture);
}

// By hand

#[test]
fn removing_the_claims_of_a_living_owner_frees_nothing() {
    for content in [None, Some(NO_PROCESS), Some(""), Some("garbage\n")] {
        let (fixture, mut owner) = owned();
        fs::remove_file(claim(&fixture)).unwrap();
        if let Some(content) = content {
            fs::write(fixture.lock(), content).unwrap();
        }
        let error = acquire(fixture.path()).unwrap_err();
        let liveness = error.holder().unwrap().liveness();
        assert_eq!(liveness, Liveness::Alive(AliveReason::Evidence), "{error}");
        assert_eq!(fixture.files(), ["data", LOCK]);
        assert_eq!(owner.stop().code(), Some(0), "it lost nothing");
        only_data_is_left(&fixture);
    }
}

#[test]
fn removing_a_living_owners_lock_lets_a_second_one_in() {
    let fixture = Fixture::free().with("data", "precious");
    let first = acquire(fixture.path()).unwrap();
    fs::remove_file(fixture.lock()).unwrap();
    let mut second = contender(&fixture);
    assert_eq!(second.answer(), Answer::Owns, "this is how two get in");
    assert!(!first.still_held().unwrap());
    // Neither is the file that the other has removed.
    assert_eq!(fixture.files().len(), 4);
    let pid = || fs::read_to_string(fixture.lock()).unwrap();
    assert_eq!(pid(), format!("{}\n", second.pid()));
    let lost = first.release().unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Lost);
    assert_eq!(lost.path(), fixture.lock());
    assert_eq!(pid(), format!("{}\n", second.pid()));
    assert_eq!(fixture.files().len(), 3);
    is_refused(acquire(fixture.path()), second.pid());
    assert_eq!(second.stop().code(), Some(0));
    only_data_is_left(&fixture);
}

#[test]
fn moving_another_file_over_a_living_owners_lock_is_noticed() {
    let fixture = Fixture::free().with("data", "precious");
    let first = acquire(fixture.path()).unwrap();
    fs::write(fixture.path().join("restored"), NO_PROCESS).unwrap();
    fs::rename(fixture.path().join("restored"), fixture.lock()).unwrap();
    assert!(!first.still_held().unwrap());
    let second = acquire(fixture.path()).expect("this is how two get in");
    assert_eq!(first.release().unwrap_err().kind(), ErrorKind::Lost);
    assert!(second.still_held().unwrap());
    second.release().unwrap();
    only_data_is_left(&fixture);
}
