//! The table of files: what may stand in a lock file's place, and the kinds of directory.

// Pipes, sockets, numbers of users, and mounts.
#[cfg(target_os = "linux")]
mod linux;

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use lockhost_tests::{
    contender::Contender,
    fixture::Fixture,
    program::{ended, run, text},
};

fn ends(arguments: &[&str]) -> (Option<i32>, String) {
    ended(run(arguments))
}

/// Asserts that something in place of the lock is named and described, the exit code is 1, and it stays as it is.
fn stands_in_the_way(fixture: &Fixture, what: &str) {
    let before = fixture.files();
    let (code, line) = ends(&["acquire", text(fixture.path())]);
    assert_eq!(code, Some(1), "{line}");
    assert!(
        line.contains(text(&fixture.lock())) && line.contains(what),
        "{line}"
    );
    assert_eq!(fixture.files(), before);
}

#[test]
fn a_directory_in_place_of_the_lock_is_left_alone() {
    let fixture = Fixture::free();
    fs::create_dir(fixture.lock()).unwrap();
    stands_in_the_way(&fixture, "a directory");
    assert!(fixture.lock().is_dir());
}

#[test]
fn a_file_longer_than_any_pid_file_is_no_lock_and_stays() {
    for size in [65, 1 << 30] {
        let fixture = Fixture::free().with("tinyforge.lock", "");
        let file = File::options().write(true).open(fixture.lock()).unwrap();
        file.set_len(size).unwrap();
        stands_in_the_way(&fixture, "longer than any pid file");
        assert_eq!(fs::metadata(fixture.lock()).unwrap().len(), size);
    }
}

#[test]
fn a_postmaster_pid_of_usual_length_is_no_lock_and_stays() {
    let content = format!(
        "{}\n/var/lib/postgresql/17/main\n1764378000\n5432\n/var/run/postgresql\nlocalhost\n  5432001    65538\nready   \n",
        std::process::id()
    );
    let fixture = Fixture::free().with_old("tinyforge.lock", &content);
    stands_in_the_way(&fixture, "longer than any pid file");
    assert_eq!(fs::read_to_string(fixture.lock()).unwrap(), content);
}

#[test]
fn a_file_with_more_than_a_living_pid_is_a_refusal() {
    let fixture = Fixture::free();
    let pid = std::process::id();
    fs::write(fixture.lock(), format!("{pid} 8080\n")).unwrap();
    let (code, line) = ends(&["acquire", text(fixture.path())]);
    assert_eq!(code, Some(75));
    let told = format!("is held by pid {pid} since ");
    assert!(
        line.contains(&told) && line.contains(": the pid is no proof; liveness unknown\n"),
        "{line}"
    );
    assert!(
        line.contains(&format!("lockhost break --owner={pid}@")),
        "{line}"
    );
    let (code, _) = ends(&["acquire", "-E", "9", text(fixture.path())]);
    assert_eq!(code, Some(9));
}

#[test]
fn what_stands_in_a_reclaim_locks_place_is_left_alone_too() {
    let fixture = Fixture::stale();
    let reclaim = fixture.path().join("tinyforge.lock.reclaim");
    fs::create_dir(&reclaim).unwrap();
    let (code, line) = ends(&["acquire", text(fixture.path())]);
    assert_eq!(code, Some(1));
    assert!(
        line.contains(text(&reclaim)) && line.contains("a directory"),
        "{line}"
    );
    assert_eq!(
        fixture.files(),
        ["tinyforge.lock", "tinyforge.lock.reclaim"]
    );
}

/// Asserts that a lock which names no owner, and is not old, is watched until it has settled.
fn settles(fixture: &Fixture) {
    let mut owner = Contender::owner(fixture.path());
    owner.stop();
    let told = owner.complaints();
    assert!(told.contains("malformed existing lockfile"), "{told}");
    assert!(fixture.files().is_empty());
}

#[test]
fn a_fresh_garbage_lock_settles() {
    settles(&Fixture::free().with("tinyforge.lock", "garbage\n"));
}

#[test]
fn a_malformed_lock_from_the_future_settles() {
    let fixture = Fixture::free().with("tinyforge.lock", "");
    let file = File::options().write(true).open(fixture.lock()).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(1_000_000))
        .unwrap();
    drop(file);
    settles(&fixture);
}
