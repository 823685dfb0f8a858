//! `lockhost doctor`: its findings on file systems of each kind, that it leaves no file, and an owner's warnings there.

// Mounts, evidence, users, and what proc(5) shows.
#[cfg(target_os = "linux")]
mod linux;

use std::{fs, process::Output};

use lockhost_tests::{
    fixture::Fixture,
    program::{run, text},
};

fn told(output: Output) -> (Option<i32>, String) {
    assert!(output.stderr.is_empty(), "{output:?}");
    let told = String::from_utf8(output.stdout).expect("it speaks text");
    assert!(told.is_ascii(), "{told}");
    (output.status.code(), told)
}

/// Returns its report on a fixture, in which it leaves no file.
fn doctor(fixture: &Fixture) -> (Option<i32>, String) {
    let before = fixture.files();
    let told = told(run(&["doctor", text(fixture.path())]));
    assert_eq!(fixture.files(), before);
    told
}

#[test]
fn files_that_are_there_are_left_alone() {
    let fixture = Fixture::stale().with("data", "mine");
    assert_eq!(doctor(&fixture).0, Some(0));
    assert_eq!(
        fs::read_to_string(fixture.path().join("data")).unwrap(),
        "mine"
    );
}

#[test]
fn a_directory_that_is_missing_is_a_failure() {
    let fixture = Fixture::free();
    let missing = fixture.path().join("missing");
    let output = run(&["doctor", text(&missing)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(text(&missing)));
    assert_eq!(run(&["doctor"]).status.code(), Some(2));
}
