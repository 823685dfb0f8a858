//! `lockhost acquire --json`: every event is as in the schema, and arrives in time.

// A device that is always full, echo(1), and proc(5).
#[cfg(target_os = "linux")]
mod linux;

use std::{fs, path::Path, process::Command};

use lockhost_tests::{
    contender::{self, Contender},
    fixture::{Fixture, NO_PROCESS},
    program::{lockhost, run, text},
    schema::Schema,
};
use serde_json::Value;

fn acquire(directory: &Path) -> Contender {
    let mut command = contender::acquire();
    Contender::start(command.arg("--json").arg(directory))
}

/// Reads events up to this one.
fn until(contender: &mut Contender, event: &str) -> Vec<Value> {
    let schema = Schema::documented();
    let mut events = Vec::new();
    loop {
        let line = contender.line();
        assert!(!line.is_empty(), "no {event} after {events:?}");
        events.push(schema.read(&line));
        if events[events.len() - 1]["event"] == event {
            return events;
        }
    }
}

/// Runs it to its end, with nothing on standard error. Returns the code, and the one event.
fn ends(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = run(&[&["acquire", "--json"], arguments].concat());
    assert!(output.stderr.is_empty(), "{output:?}");
    let told = String::from_utf8(output.stdout).expect("it speaks text");
    let mut events = Schema::documented().lines(&told);
    assert_eq!(events.len(), 1, "{told}");
    (output.status.code(), events.remove(0))
}

#[test]
fn a_lock_is_acquired_and_released() {
    let fixture = Fixture::free();
    let mut owner = acquire(fixture.path());
    let events = until(&mut owner, "acquired");
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["path"], text(&fixture.lock()));
    assert_eq!(events[0]["pid"], owner.pid());
    assert_eq!(owner.stop().code(), Some(0));
    let events = until(&mut owner, "released");
    assert_eq!(events.len(), 1);
    assert_eq!(owner.line(), "");
    assert_eq!(owner.complaints(), "");
}

#[test]
fn what_was_replaced_is_told_before_the_lock() {
    for (content, reason) in [(NO_PROCESS, "no-process"), ("garbage\n", "malformed")] {
        let fixture = Fixture::free().with_old("tinyforge.lock", content);
        let mut owner = acquire(fixture.path());
        let events = until(&mut owner, "acquired");
        assert_eq!(events[0]["event"], "reclaimed");
        assert_eq!(events[0]["reason"], reason);
    }
}

#[test]
fn a_refusal_says_who_and_exits_with_75() {
    let fixture = Fixture::free();
    let mut owner = acquire(fixture.path());
    until(&mut owner, "acquired");
    let (code, event) = ends(&[text(fixture.path())]);
    assert_eq!(code, Some(75));
    assert_eq!(event["event"], "held");
    assert_eq!(event["holder"]["pid"], owner.pid());
}

#[test]
fn what_is_waited_for_is_told_once() {
    let fixture = Fixture::free().with("tinyforge.lock", "");
    let mut owner = acquire(fixture.path());
    let events = until(&mut owner, "acquired");
    let names: Vec<_> = events.iter().map(|it| it["event"].as_str()).collect();
    assert_eq!(names, ["waiting", "reclaimed", "acquired"].map(Some));
    assert_eq!(events[0]["awaited"], "settling");
}

#[test]
fn a_warning_is_an_event() {
    let reclaim = format!("{}\n", std::process::id());
    let fixture = Fixture::free().with("tinyforge.lock.reclaim", &reclaim);
    let mut owner = acquire(fixture.path());
    let events = until(&mut owner, "acquired");
    assert_eq!(events[0]["awaited"], "other-reclaim");
    assert_eq!(events[1]["event"], "warning");
}

#[test]
fn who_is_waited_for_is_told() {
    let fixture = Fixture::free();
    let mut owner = acquire(fixture.path());
    until(&mut owner, "acquired");
    let mut command = contender::acquire();
    command.args(["--json", "--wait"]).arg(fixture.path());
    let mut next = Contender::start(&mut command);
    let events = until(&mut next, "waiting");
    assert_eq!(events[0]["awaited"], "release");
    assert_eq!(events[0]["holder"]["pid"], owner.pid());
    owner.stop();
    until(&mut next, "acquired");
}

#[test]
fn a_command_that_cannot_be_run_is_a_failure() {
    let fixture = Fixture::free();
    let output = Command::new(lockhost())
        .args(["acquire", "--json"])
        .arg(fixture.path())
        .args(["--", "/missing"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(127));
    let told = String::from_utf8(output.stderr).unwrap();
    let events = Schema::documented().lines(&told);
    let names: Vec<_> = events.iter().map(|it| it["event"].as_str()).collect();
    assert_eq!(names, ["acquired", "failed", "released"].map(Some));
}

#[test]
#[cfg_attr(
    under_wine,
    ignore = "Wine keeps a removed name for as long as anybody has its file open"
)]
fn a_lock_that_is_lost_is_told_at_once_and_once() {
    let fixture = Fixture::free();
    let mut owner = acquire(fixture.path());
    until(&mut owner, "acquired");
    let other = fixture.path().join("other");
    fs::write(&other, "7\n").unwrap();
    fs::rename(other, fixture.lock()).unwrap();
    let events = until(&mut owner, "lost");
    assert_eq!(events[0]["kind"], "lost");
    assert_eq!(owner.stop().code(), Some(1));
    assert_eq!(owner.line(), "");
}

#[test]
fn a_failure_is_an_event() {
    let fixture = Fixture::free();
    let (code, event) = ends(&[text(&fixture.path().join("missing"))]);
    assert_eq!((code, &event["kind"]), (Some(1), &Value::from("io")));
    let (code, event) = ends(&["--name=x", text(fixture.path())]);
    assert_eq!((code, &event["kind"]), (Some(2), &Value::from("bad-name")));
}

#[test]
fn the_schema_is_not_one_that_takes_anything() {
    let schema = Schema::documented();
    for wrong in [
        r#"{}"#,
        r#"{"event": "released", "time": "2026-11-24T21:36:11.068Z"}"#,
        r#"{"event": "released", "time": "now", "path": "a"}"#,
        r#"{"event": "released", "time": "2026-11-24T21:36:11.068Z", "path": "a", "more": 1}"#,
    ] {
        assert!(
            std::panic::catch_unwind(|| schema.read(wrong)).is_err(),
            "{wrong}"
        );
    }
}
