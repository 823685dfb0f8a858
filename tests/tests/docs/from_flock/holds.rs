//! `lockhost holds`: whether its caller runs under a lock that is held now.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use lockhost_tests::{
    contender::Contender,
    fixture::Fixture,
    program::{lockhost, run, text},
    schema::Schema,
    under_lock::under_lock,
};

/// Returns the code, and asserts that nothing is printed.
fn code(output: &Output) -> Option<i32> {
    assert!(output.stdout.is_empty(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    output.status.code()
}

pub(super) fn holds(directory: &Path) -> Option<i32> {
    code(&run(&["holds", text(directory)]))
}

/// Runs the program as the command of a lock on a directory.
fn answered_under(lock: &Path, arguments: &[&str]) -> Output {
    let program = lockhost();
    let command = [&[text(&program), "holds"], arguments].concat();
    under_lock(&[], lock, &command).output().unwrap()
}

fn two_directories() -> (Fixture, Fixture) {
    (Fixture::free(), Fixture::free())
}

#[test]
fn the_command_runs_under_the_lock() {
    let (fixture, other) = two_directories();
    let [data, other] = [text(fixture.path()), text(other.path())];
    assert_eq!(code(&answered_under(fixture.path(), &[data])), Some(0));
    assert_eq!(code(&answered_under(fixture.path(), &[other])), Some(1));
    // Under another name there is another lock.
    let named = answered_under(fixture.path(), &["--name", "x.pid", data]);
    assert_eq!(code(&named), Some(1));
    let link = Path::new(other).join("link");
    std::os::unix::fs::symlink(data, &link).unwrap();
    assert_eq!(
        code(&answered_under(fixture.path(), &[text(&link)])),
        Some(0)
    );
}

#[test]
fn a_descendant_of_the_command_runs_under_the_lock() {
    let fixture = Fixture::free();
    let script = "(sh -c '\"$0\" holds \"$1\" || exit 7; exit 0' \"$0\" \"$1\"; exit $?); exit $?";
    let program = lockhost();
    let command = ["sh", "-c", script, text(&program), text(fixture.path())];
    let output = under_lock(&["--close"], fixture.path(), &command).output();
    assert_eq!(code(&output.unwrap()), Some(0));
}

#[test]
fn another_owner_is_none_of_the_callers() {
    let fixture = Fixture::free();
    assert_eq!(holds(fixture.path()), Some(1));
    let owner = Contender::owner(fixture.path());
    assert_eq!(holds(fixture.path()), Some(1));
    // As they are in a terminal multiplexer that has outlived a lock.
    let output = Command::new(lockhost())
        .arg("holds")
        .arg(fixture.path())
        .env("LOCKHOST_DIR", fixture.path())
        .env("LOCKHOST_LOCK", fixture.lock())
        .env("LOCKHOST_PID", owner.pid().to_string())
        .output();
    assert_eq!(code(&output.unwrap()), Some(1));
}

#[test]
fn what_outlives_its_lock_does_not_run_under_it() {
    let fixture = Fixture::free();
    let place = Fixture::free();
    let fifo = place.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let script = "(read line; \"$0\" holds \"$1\"; echo $?) <\"$2\" &";
    let program = lockhost();
    let words = [text(&program), text(fixture.path()), text(&fifo)];
    let command = [&["sh", "-c", script][..], &words].concat();
    let mut gone = Contender::start(&mut under_lock(&[], fixture.path(), &command));
    assert!(gone.end_of_input().success());
    let owner = Contender::owner(fixture.path());
    fs::write(&fifo, "go on\n").unwrap();
    assert_eq!(gone.line(), "1");
    drop(owner);
}

#[test]
fn a_dead_owner_covers_nothing() {
    let fixture = Fixture::free();
    let owner = Contender::owner(fixture.path());
    drop(owner);
    assert_eq!(holds(fixture.path()), Some(1));
}

#[test]
fn a_directory_that_is_missing_has_no_lock() {
    let fixture = Fixture::free();
    assert_eq!(holds(&fixture.path().join("missing")), Some(1));
}

#[test]
fn what_cannot_be_known_is_4_and_wrong_usage_2() {
    let fixture = Fixture::free();
    fs::write(fixture.path().join("file"), "").unwrap();
    let file = fixture.path().join("file");
    for (arguments, code) in [
        (&["holds", text(&file)][..], 4),
        (&["holds", "--name", "other", text(fixture.path())], 2),
        (&["holds"], 2),
        (&["holds", "--json", "-v", text(fixture.path())], 2),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[test]
fn the_reason_is_printed_where_it_is_asked_for() {
    let (fixture, other) = two_directories();
    let [data, other] = [text(fixture.path()), text(other.path())];
    let line = |output: Output| String::from_utf8(output.stdout).unwrap();
    let held = line(answered_under(fixture.path(), &["-v", data]));
    assert!(held.ends_with("and this process runs under it\n"), "{held}");
    let free = line(answered_under(fixture.path(), &["-v", other]));
    assert!(
        free.ends_with("is not held: the directory is free\n"),
        "{free}"
    );
    let owner = Contender::owner(fixture.path());
    let elsewhere = line(run(&["holds", "-v", data]));
    let part = format!("is held by pid {}, which is not an ancestor", owner.pid());
    assert!(elsewhere.contains(&part), "{elsewhere}");
}

#[test]
fn the_object_has_the_answer_and_the_code() {
    let (fixture, other) = two_directories();
    let missing = other.path().join("missing");
    let file = other.path().join("file");
    fs::write(&file, "").unwrap();
    for (directory, holds, code) in [
        (fixture.path(), Some(true), 0),
        (other.path(), Some(false), 1),
        (&missing, Some(false), 1),
        (&file, None, 4),
    ] {
        let output = answered_under(fixture.path(), &["--json", text(directory)]);
        assert_eq!(output.status.code(), Some(code));
        let line = String::from_utf8(output.stdout).unwrap();
        let object = Schema::documented().read(line.trim_end());
        assert_eq!(object["holds"].as_bool(), holds, "{line}");
        assert_eq!(object["exit_code"], code);
    }
}
