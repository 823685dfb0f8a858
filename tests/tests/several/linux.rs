//! Commands that hear signals, shells, and a link to a directory.

use std::{fs, os::unix::fs::symlink};

use lockhost::{AliveReason, Liveness, acquire};
use lockhost_tests::{
    contender::{Contender, send},
    scene::Scene,
    under_lock::{ready, until},
};
use rustix::process::Signal;

use super::under_locks;

const HEARING: &str = env!("CARGO_BIN_EXE_hearing");

#[test]
fn a_directory_that_is_given_twice_is_taken_once() {
    let scene = Scene::free();
    let link = Scene::free();
    let other = link.path().join("other name");
    symlink(scene.path(), &other).unwrap();
    let directories = [scene.path(), &other, scene.path()];
    let print = ["sh", "-c", "echo $LOCKHOST_DIR"];
    let output = under_locks(&[], &directories, &print).output().unwrap();
    let expected = format!("{}\n", scene.path().display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(scene.files().is_empty());
}

#[test]
fn whoever_names_them_in_another_order_still_gets_them() {
    let (a, b) = (Scene::free(), Scene::free());
    let witness = a.path().join("witness");
    let witness = witness.to_str().unwrap();
    let alone = format!("mkdir {witness} || exit 9; rmdir {witness}");
    let command = ["sh", "-c", &alone];
    let orders = [[a.path(), b.path()], [b.path(), a.path()]];
    let mut owners: Vec<_> = (0..16)
        .map(|nth| under_locks(&["--wait"], &orders[nth % 2], &command))
        .map(|mut command| command.spawn().unwrap())
        .collect();
    for owner in &mut owners {
        assert_eq!(owner.wait().unwrap().code(), Some(0));
    }
    assert!(a.files().is_empty() && b.files().is_empty());
}

#[test]
fn the_command_sees_all_and_keeps_all_when_its_parent_is_killed() {
    let (a, b) = (Scene::free(), Scene::free());
    let mut owner = Contender::start(&mut under_locks(&[], &[a.path(), b.path()], &[HEARING]));
    let (command, _) = ready(&mut owner);
    let environment = fs::read(format!("/proc/{command}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment).into_owned();
    let both = [&a, &b].map(|scene| scene.path().to_str().unwrap());
    let dirs = [both.join(":"), [both[1], both[0]].join(":")];
    let seen = |dirs: &String| environment.contains(&format!("LOCKHOST_DIR={dirs}\0"));
    assert!(dirs.iter().any(seen), "{environment}");
    owner.kill();
    for scene in [&a, &b] {
        let refused = acquire(scene.path()).unwrap_err();
        let liveness = refused.holder().unwrap().liveness();
        assert_eq!(liveness, Liveness::Alive(AliveReason::Evidence));
    }
    send(command, Signal::USR2).unwrap();
    for scene in [&a, &b] {
        until("it has ended", || acquire(scene.path()).is_ok());
    }
}
