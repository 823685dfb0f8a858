//! A full disk, a command that a shell would find, and the processes of a status.

use std::{fs::File, process::Command};

use lockhost_tests::{
    contender::Contender,
    fixture::Fixture,
    program::{lockhost, text},
    schema::Schema,
};

use super::ends;

#[test]
fn who_cannot_say_it_fails_and_releases() {
    let fixture = Fixture::free();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut owner = Command::new(lockhost());
    owner
        .args(["acquire", "--json"])
        .arg(fixture.path())
        .stdout(full);
    assert_eq!(owner.output().unwrap().status.code(), Some(1));
    assert!(fixture.files().is_empty());
}

#[test]
fn beside_a_command_events_are_on_standard_error() {
    let fixture = Fixture::stale();
    let output = Command::new(lockhost())
        .args(["acquire", "--json"])
        .arg(fixture.path())
        .args(["--", "echo", "mine"])
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"mine\n");
    let told = String::from_utf8(output.stderr).unwrap();
    let events = Schema::documented().lines(&told);
    let names: Vec<_> = events.iter().map(|it| it["event"].as_str()).collect();
    assert_eq!(names, ["reclaimed", "acquired", "released"].map(Some));
}

#[test]
fn a_refusal_says_what_runs_there() {
    let fixture = Fixture::free();
    let owner = Contender::owner(fixture.path());
    let (_, event) = ends(&[text(fixture.path())]);
    assert_eq!(event["holder"]["process"]["pid"], owner.pid());
}
