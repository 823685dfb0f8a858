//! Several directories at once: all of them or none, and no command holds one while it waits for another.

// Signals, shells, and a command's state in proc(5).
#[cfg(target_os = "linux")]
mod linux;

use std::{path::Path, process::Command};

use lockhost::acquire;
use lockhost_tests::{
    contender::{self, Contender},
    fixture::Fixture,
    program::lockhost,
};

fn under_locks(options: &[&str], directories: &[&Path], command: &[&str]) -> Command {
    let mut program = Command::new(lockhost());
    program.arg("acquire").args(options).args(directories);
    if !command.is_empty() {
        program.arg("--").args(command);
    }
    program
}

#[test]
fn all_are_held_and_all_are_given_up() {
    let fixtures = [Fixture::free(), Fixture::free(), Fixture::free()];
    let paths = fixtures.each_ref().map(Fixture::path);
    let mut owner = Contender::start(contender::acquire().args(paths));
    let mut locks: Vec<_> = (0..3).map(|_| owner.line()).collect();
    let mut expected = fixtures.each_ref().map(|fixture| {
        let (lock, pid) = (fixture.lock(), owner.pid());
        format!("acquired {} (pid {pid})", lock.display())
    });
    locks.sort();
    expected.sort();
    assert_eq!(locks, expected);
    for path in paths {
        assert!(acquire(path).is_err());
    }
    assert_eq!(owner.stop().code(), Some(0));
    assert!(fixtures.iter().all(|fixture| fixture.files().is_empty()));
}

#[test]
fn if_one_is_refused_none_is_held() {
    let fixtures = [Fixture::free(), Fixture::free(), Fixture::free()];
    let paths = fixtures.each_ref().map(Fixture::path);
    for held in 0..3 {
        let lock = acquire(paths[held]).unwrap();
        let output = under_locks(&[], &paths, &["echo", "ran"]).output().unwrap();
        assert_eq!(output.status.code(), Some(75));
        assert!(output.stdout.is_empty());
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(lock.path().to_str().unwrap()), "{told}");
        lock.release().unwrap();
        assert!(fixtures.iter().all(|fixture| fixture.files().is_empty()));
    }
    let missing = fixtures[0].path().join("missing");
    let output = under_locks(&[], &[paths[1], &missing], &["true"]).output();
    assert_eq!(output.unwrap().status.code(), Some(1));
    assert!(fixtures.iter().all(|fixture| fixture.files().is_empty()));
}
