//! The kernel's veto, and a shell.

use std::{
    fs::{self, File},
    process::Command,
};

use lockhost::{AliveReason, ErrorKind, Liveness, break_lock};
use lockhost_tests::{
    fixture::Fixture,
    program::{lockhost, run, text},
};

use super::unknown;

#[test]
fn the_kernel_has_a_veto_against_a_persons_word() {
    let fixture = Fixture::free();
    let owner = unknown("7");
    owner.leave(&fixture);
    let file = File::open(fixture.lock()).unwrap();
    file.try_lock().unwrap();
    let before = fixture.files();
    let error = break_lock(fixture.path(), &owner.text()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Held);
    let liveness = error.holder().unwrap().liveness();
    assert_eq!(liveness, Liveness::Alive(AliveReason::Evidence));
    assert_eq!(fixture.files(), before);
}

#[test]
fn the_command_that_a_refusal_prints_works_as_it_stands() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("it's data");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("app.pid"), "1\n").unwrap();
    let output = run(&["acquire", "--name=app.pid", text(&directory)]);
    let line = String::from_utf8(output.stderr).unwrap();
    let (_, command) = line.split_once("dead: lockhost ").unwrap();
    let status = Command::new("sh")
        .args(["-c", &format!("exec >/dev/null; exec \"$0\" {command}")])
        .arg(lockhost())
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}
