//! `lockhost status`: its facts about a lock, its answers, and that it touches no file.

// Evidence, numbers of users, and other facts that only POSIX has.
#[cfg(target_os = "linux")]
mod linux;

use std::{ffi::OsString, fs, process};

use lockhost_tests::{
    contender::Contender,
    files::{Seen, look_at},
    fixture::{Fixture, NO_PROCESS},
    identity::Identity,
    program::{is_one_message, run, text},
    schema::Schema,
};
use serde_json::Value;

const RECLAIM: &str = "tinyforge.lock.reclaim";

/// Returns the exit code and the text; nothing is on standard error.
fn told(fixture: &Fixture) -> (Option<i32>, String) {
    let before = footprints(fixture);
    let output = run(&["status", text(fixture.path())]);
    assert!(output.stderr.is_empty(), "{output:?}");
    assert_eq!(footprints(fixture), before, "it changed something");
    let told = String::from_utf8(output.stdout).expect("it speaks text");
    assert!(told.is_ascii(), "{told}");
    (output.status.code(), told)
}

/// Returns the object, which has the program's exit code.
fn object(arguments: &[&str]) -> Value {
    let output = run(&[&["status", "--json"], arguments].concat());
    assert!(output.stderr.is_empty(), "{output:?}");
    let told = String::from_utf8(output.stdout).expect("it speaks text");
    let mut objects = Schema::documented().lines(&told);
    assert_eq!(objects.len(), 1, "{told}");
    let object = objects.remove(0);
    assert_eq!(
        object["exit_code"].as_i64(),
        output.status.code().map(i64::from),
        "{told}"
    );
    object
}

/// Returns all facts that would show that a file was touched.
fn footprints(fixture: &Fixture) -> Vec<(OsString, Seen)> {
    let look = |name: OsString| {
        let seen = look_at(&fixture.path().join(&name)).expect("it is there");
        (name, seen)
    };
    fixture.files().into_iter().map(look).collect()
}

/// Returns an owner in another PID namespace, which left no evidence: the host cannot know whether it lives.
fn unknown() -> Identity {
    let mine = Identity::mine(Fixture::free().path());
    mine.with('p', "7").with('n', "1").without('e')
}

#[test]
fn a_free_directory_is_3() {
    let fixture = Fixture::free();
    let (code, told) = told(&fixture);
    assert_eq!(code, Some(3));
    assert!(told.starts_with(&format!("{}: free\n", fixture.lock().display())));
    let object = object(&[text(fixture.path())]);
    assert_eq!(object["state"], "free");
    assert_eq!(object["path"], text(&fixture.lock()));
    assert!(object["holder"].is_null());
}

#[test]
fn a_held_one_is_0_with_its_owner() {
    let fixture = Fixture::free();
    let owner = Contender::owner(fixture.path());
    let (code, told) = told(&fixture);
    assert_eq!(code, Some(0));
    for part in [
        format!("{}: held\n", fixture.lock().display()),
        format!("pid {}, alive: the process is running", owner.pid()),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    let holder = &object(&[text(fixture.path())])["holder"];
    assert_eq!(holder["life"], "alive");
    assert_eq!(holder["reason"], "running");
}

#[test]
fn a_dead_owner_is_1_and_so_is_a_file_that_names_no_owner() {
    for content in [NO_PROCESS, "", "garbage\n"] {
        let fixture = Fixture::free().with("tinyforge.lock", content);
        let (code, told) = told(&fixture);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("stale: "), "{told}");
        assert!(
            told.contains("the next process to try reclaims the lock"),
            "{told}"
        );
    }
    assert_eq!(object(&[text(Fixture::stale().path())])["state"], "stale");
}

#[test]
fn an_owner_that_no_process_can_judge_is_4_with_the_way_out() {
    let fixture = Fixture::free();
    let owner = unknown();
    owner.leave(&fixture);
    let (code, told) = told(&fixture);
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("another PID namespace"), "{told}");
    assert!(
        told.contains(&format!("lockhost break --owner={}", owner.text())),
        "{told}"
    );
    assert!(
        !told.contains("command"),
        "its number is another process's here: {told}"
    );
    assert!(object(&[text(fixture.path())])["holder"]["process"].is_null());
}

#[test]
fn a_reclaim_in_progress_is_4_and_told_and_a_dead_one_is_1() {
    let mine = format!("{}\n", process::id());
    let fixture = Fixture::stale().with(RECLAIM, &mine);
    let (code, told_living) = told(&fixture);
    assert_eq!(code, Some(4), "{told_living}");
    let line = format!("  reclaim    {RECLAIM}, pid {}, alive", process::id());
    assert!(told_living.contains(&line), "{told_living}");
    let fixture = Fixture::stale().with(RECLAIM, NO_PROCESS);
    let (code, told_dead) = told(&fixture);
    assert_eq!(code, Some(1), "{told_dead}");
    let object = object(&[text(fixture.path())]);
    assert_eq!(object["reclaims"][0]["life"], "dead");
}

#[test]
fn what_cannot_be_looked_at_is_4_and_wrong_usage_2() {
    let fixture = Fixture::free();
    fs::create_dir(fixture.lock()).unwrap();
    let missing = fixture.path().join("missing");
    for (path, part) in [
        (fixture.path(), "is a directory"),
        (&missing, text(&missing)),
    ] {
        let output = run(&["status", text(path)]);
        assert_eq!(output.status.code(), Some(4));
        assert!(output.stdout.is_empty());
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(part) && is_one_message(&told), "{told}");
        assert_eq!(object(&[text(path)])["state"], "failed");
    }
    let object = object(&["--name=x", text(fixture.path())]);
    assert_eq!(object["failure"]["kind"], "bad-name");
    for arguments in [&["status"][..], &["status", "--force", "."]] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn another_name_is_another_lock() {
    let fixture = Fixture::free().with("app.pid", NO_PROCESS);
    assert_eq!(object(&[text(fixture.path())])["state"], "free");
    let object = object(&["--name=app.pid", text(fixture.path())]);
    assert_eq!(object["state"], "stale");
}
