//! Children made by fork(2): they have a copy of their parent's locks and attempts, and no part in them.
//!
//! On POSIX systems alone: no other system forks.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Output, Stdio},
};

use lockhost::{DEFAULT_NAME, State, inspect};
use lockhost_tests::fixture::Fixture;

const FORKED: &str = env!("CARGO_BIN_EXE_forked");

/// Returns how a command ended, and the lines that it printed.
fn output_of(command: &mut Command) -> (Output, Vec<String>) {
    let output = command.output().expect("it can be started");
    let printed = String::from_utf8(output.stdout.clone()).expect("it speaks text");
    (output, printed.lines().map(ToOwned::to_owned).collect())
}

#[test]
fn a_forked_child_has_no_part_in_its_parents_lock() {
    let (first, second) = (Fixture::free(), Fixture::free().with("tinyforge.lock", ""));
    let third = Fixture::free();
    let directories = [first.path(), second.path(), third.path()];
    let (output, lines) = output_of(Command::new(FORKED).args(directories));
    assert_eq!(
        lines,
        [
            "parent: its own true",
            "child: held false",
            "child: goes on false",
            "child: verified true",
            "child: released false",
            "child: refused by its parent true",
            "child: by itself false",
            "child: by its forker true",
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

#[test]
fn a_daemon_acquires_after_it_has_forked() {
    let fixture = Fixture::free();
    let mut program = Command::new(FORKED)
        .arg(fixture.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let input = program.stdin.take();
    assert!(
        program.wait().unwrap().success(),
        "the parent reports and ends"
    );
    let mut output = BufReader::new(program.stdout.take().unwrap());
    let mut report = String::new();
    output.read_line(&mut report).unwrap();
    let daemon = report.trim_end().strip_prefix("daemon: ").map(str::parse);
    let daemon: u32 = daemon.expect("it has the lock").unwrap();
    assert_ne!(daemon, program.id());
    let status = inspect(fixture.path(), DEFAULT_NAME).unwrap();
    assert_eq!(status.state(), State::Held);
    assert_eq!(
        status.holder().and_then(lockhost::Holder::pid),
        Some(daemon)
    );
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "released\n");
    assert!(fixture.files().is_empty());
}

#[test]
fn a_daemon_that_acquired_before_it_forked_learns_so() {
    let fixture = Fixture::free();
    let (output, lines) = output_of(Command::new(FORKED).arg(fixture.path()).arg("early"));
    assert_eq!(
        lines,
        [
            "by its forker true",
            "by itself false",
            "says so true",
            "verified Err(Inherited)",
            "restored Err(Inherited)",
            "released Err(Inherited)",
            "its own true",
        ],
        "{output:?}"
    );
    assert!(fixture.files().is_empty());
}
