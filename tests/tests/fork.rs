//! A child made by fork(2) has a copy of its parent's locks and attempts, and no part in them.
//!
//! On POSIX systems alone: nothing else forks.
#![cfg(unix)]

use std::process::Command;

use lockhost_tests::scene::Scene;

#[test]
fn a_forked_child_neither_releases_nor_continues_what_is_its_parents_and_is_somebody_else() {
    let (first, second) = (Scene::free(), Scene::free().with("tinyforge.lock", ""));
    let third = Scene::free();
    let output = Command::new(env!("CARGO_BIN_EXE_forked"))
        .args([first.path(), second.path(), third.path()])
        .output()
        .expect("it can be started");
    let told = String::from_utf8(output.stdout.clone()).expect("it speaks text");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines,
        [
            "parent: its own true",
            "child: held false",
            "child: goes on false",
            "child: released true",
            "child: refused by its parent true",
            "child: by itself false",
            "child: its own true",
            "parent: refused by its child true",
            "child: held true",
            "parent: held true",
            "parent: goes on true",
            "parent: released true",
        ],
        "{output:?}"
    );
    assert!(output.status.success());
    assert!(first.files().is_empty() && third.files().is_empty());
    assert_eq!(second.files(), ["tinyforge.lock"]);
}
