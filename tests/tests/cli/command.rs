//! A command under the lock, on every system: its start, and its end.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use lockhost::acquire;
use lockhost_tests::{
    contender::Contender,
    fixture::Fixture,
    program::{lockhost, text},
    under_lock::{under_lock, until},
};

const SAYING: &str = env!("CARGO_BIN_EXE_saying");

/// Runs it to its end with nothing on standard input. Returns the code, its output, and lockhost's messages.
fn ends(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), out, err)
}

#[test]
fn the_exit_code_is_the_commands() {
    let fixture = Fixture::free();
    for code in [0, 1, 2, 75, 255] {
        let command = [SAYING, &code.to_string()];
        let (ended, _, told) = ends(&mut under_lock(&[], fixture.path(), &command));
        assert_eq!((ended, told.as_str()), (Some(code), ""));
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
fn a_command_that_is_not_there_is_127() {
    let fixture = Fixture::free();
    let nowhere = fixture.path().join("nowhere");
    for command in [text(&nowhere), "no-such-command-anywhere"] {
        let (ended, out, told) = ends(&mut under_lock(&[], fixture.path(), &[command]));
        assert_eq!((ended, out.as_str()), (Some(127), ""), "{told}");
        assert!(told.contains(command), "{told}");
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
fn it_is_not_started_where_a_process_has_the_lock() {
    let fixture = Fixture::free();
    let owner = Contender::owner(fixture.path());
    let (ended, out, told) = ends(&mut under_lock(&[], fixture.path(), &[SAYING, "0"]));
    assert_eq!((ended, out.as_str()), (Some(75), ""), "{told}");
    assert!(told.contains(&format!("pid {}", owner.pid())), "{told}");
}

#[test]
fn it_sees_where_the_lock_is_and_whose() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("data");
    fs::create_dir(&directory).unwrap();
    let mut command = under_lock(&["--name=x.pid"], Path::new("data"), &[SAYING, "0"]);
    let child = command
        .current_dir(fixture.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let owner = child.id().to_string();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let lines: Vec<_> = told.lines().collect();
    let lock = directory.join("x.pid");
    assert_eq!(lines, [text(&directory), text(&lock), &owner]);
}

#[test]
fn it_sees_all_directories_in_the_order_of_the_system() {
    let fixtures = [Fixture::free(), Fixture::free()];
    let mut command = Command::new(lockhost());
    command
        .arg("acquire")
        .args(fixtures.each_ref().map(Fixture::path));
    let (ended, told, _) = ends(command.args(["--", SAYING, "0"]));
    assert_eq!(ended, Some(0));
    let seen: Vec<_> = env::split_paths(told.lines().next().unwrap()).collect();
    assert!(
        fixtures
            .iter()
            .all(|it| seen.contains(&it.path().to_owned())),
        "{told}"
    );
}

#[test]
fn standard_streams_are_its_own() {
    let fixture = Fixture::free();
    let input = fixture.path().join("input");
    fs::write(&input, "through").unwrap();
    let output = under_lock(&[], fixture.path(), &[SAYING, "0"])
        .stdin(fs::File::open(input).unwrap())
        .output()
        .unwrap();
    assert!(output.stdout.ends_with(b"\nthrough"), "{output:?}");
}

#[test]
fn a_killed_owners_directory_is_free_once_its_command_ended() {
    let fixture = Fixture::free();
    let mut command = under_lock(&[], fixture.path(), &[SAYING, "0"]);
    let mut owner = Contender::start(command.stdin(Stdio::piped()));
    // The command runs.
    assert_eq!(owner.line(), text(fixture.path()));
    owner.kill();
    owner.end_of_input();
    until("it has ended", || acquire(fixture.path()).is_ok());
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}
