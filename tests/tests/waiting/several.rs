//! Several directories at once: all of them or none, and nobody waits for each other.

// Signals, shells, and what proc(5) shows of a command.
#[cfg(target_os = "linux")]
mod linux;

use std::{path::Path, process::Command};

use lockhost::acquire;
use lockhost_tests::{
    contender::{self, Contender},
    program::lockhost,
    scene::Scene,
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
    let scenes = [Scene::free(), Scene::free(), Scene::free()];
    let paths = scenes.each_ref().map(Scene::path);
    let mut owner = Contender::start(contender::acquire().args(paths));
    let mut locks: Vec<_> = (0..3).map(|_| owner.line()).collect();
    let mut expected = scenes.each_ref().map(|scene| {
        let (lock, pid) = (scene.lock(), owner.pid());
        format!("acquired {} (pid {pid})", lock.display())
    });
    locks.sort();
    expected.sort();
    assert_eq!(locks, expected);
    for path in paths {
        assert!(acquire(path).is_err());
    }
    assert_eq!(owner.stop().code(), Some(0));
    assert!(scenes.iter().all(|scene| scene.files().is_empty()));
}

#[test]
fn if_one_is_refused_none_is_held() {
    let scenes = [Scene::free(), Scene::free(), Scene::free()];
    let paths = scenes.each_ref().map(Scene::path);
    for held in 0..3 {
        let lock = acquire(paths[held]).unwrap();
        let output = under_locks(&[], &paths, &["echo", "ran"]).output().unwrap();
        assert_eq!(output.status.code(), Some(75));
        assert!(output.stdout.is_empty());
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(lock.path().to_str().unwrap()), "{told}");
        lock.release().unwrap();
        assert!(scenes.iter().all(|scene| scene.files().is_empty()));
    }
    let missing = scenes[0].path().join("missing");
    let output = under_locks(&[], &[paths[1], &missing], &["true"]).output();
    assert_eq!(output.unwrap().status.code(), Some(1));
    assert!(scenes.iter().all(|scene| scene.files().is_empty()));
}
