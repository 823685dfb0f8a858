//! Owners that are ancestors: a process does not wait for an owner that waits for this process.

use std::process::{Command, Output};

use lockhost::{ErrorKind, Options, acquire};
use lockhost_tests::{
    contender::Contender,
    fixture::Fixture,
    program::{lockhost, text},
    under_lock::{told, under_lock},
};

/// Returns the output and the exit code of an owner's command, in a shell in which `lockhost` is the program and `D`
/// the directory.
fn under_its_lock(script: &str) -> Output {
    let fixture = Fixture::free();
    let script = format!("lockhost() {{ \"$LOCKHOST\" \"$@\"; }}; {script}");
    under_lock(&[], fixture.path(), &["sh", "-c", &script])
        .env_remove("LOCKHOST_WAIT")
        .env("LOCKHOST", lockhost())
        .env("D", fixture.path())
        .output()
        .unwrap()
}

fn line(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn an_ancestor_is_not_waited_for() {
    for (script, code) in [
        ("lockhost acquire --wait $D -- true; exit $?", 75),
        (
            "export LOCKHOST_WAIT=forever; lockhost acquire $D; exit $?",
            75,
        ),
        ("lockhost acquire --wait -E 9 $D -- true; exit $?", 9),
        // Further up, and with a bound.
        (
            "sh -c 'sh -c \"\\$LOCKHOST acquire --wait=1h $D; exit \\$?\"; exit $?'; exit $?",
            75,
        ),
    ] {
        let output = under_its_lock(script);
        let line = line(&output);
        assert_eq!(output.status.code(), Some(code), "{script}: {line}");
        assert!(
            line.contains(": it is an ancestor of this process\n  hint: "),
            "{line}"
        );
        assert!(line.contains("--wait-for-ancestor"), "{line}");
    }
}

#[test]
fn a_refusal_by_an_ancestor_is_an_event() {
    let output = under_its_lock("lockhost acquire --wait --json $D; exit $?");
    assert_eq!(output.status.code(), Some(75));
    let events = String::from_utf8(output.stdout).unwrap();
    assert_eq!(events.lines().count(), 1, "{events}");
    assert!(
        events.contains(r#""event":"held","kind":"ancestor""#),
        "{events}"
    );
}

#[test]
fn quiet_says_nothing_of_an_ancestor() {
    let output = under_its_lock("lockhost acquire --wait -q $D; exit $?");
    assert_eq!(
        (output.status.code(), line(&output)),
        (Some(75), String::new())
    );
}

#[test]
fn an_ancestor_that_releases_is_waited_for_by_the_option() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let options = ["-v", "--wait", "--wait-for-ancestor"];
    let mut waiter = Contender::start(&mut told(&under_lock(&options, fixture.path(), &[])));
    let line = waiter.line();
    assert!(line.starts_with("lockhost: waiting for "), "{line}");
    lock.release().unwrap();
    assert!(waiter.line().starts_with("acquired "));
    waiter.stop();
}

#[test]
fn a_dead_owners_command_is_an_ancestor_too() {
    // The kernel sends the shell SIGTERM when its parent dies, and gives it another parent.
    let output = under_its_lock(
        "trap '' TERM; owner=$PPID; kill -KILL $owner
         while [ \"$(sed -n 's/^PPid:[^0-9]*//p' /proc/$$/status)\" = $owner ]; do :; done
         lockhost acquire --wait $D; echo $?",
    );
    let line = line(&output);
    assert!(
        line.contains(": kept by pid ") && line.contains(" (ancestor or self)\n"),
        "{line}"
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "75\n");
}

#[test]
fn a_holder_knows_whether_it_is_an_ancestor() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let refused = acquire(fixture.path()).unwrap_err();
    assert!(!refused.holder().unwrap().is_ancestor(), "a child is none");
    assert!(!refused.holder().unwrap().is_this_process());
}

#[test]
fn another_program_that_is_an_ancestor_is_not_waited_for() {
    let fixture = Fixture::free().with("tinyforge.lock", &format!("{}\n", std::process::id()));
    let mut command = Command::new(lockhost());
    let output = command
        .args(["acquire", "--wait", text(fixture.path())])
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert!(line(&output).contains(": it is an ancestor of this process\n"));
}

#[test]
fn another_thread_of_this_process_is_no_ancestor() {
    let fixture = Fixture::free();
    let _lock = acquire(fixture.path()).unwrap();
    let patient = Options::new().patience(std::time::Duration::from_millis(1));
    let refused = patient.acquire(fixture.path()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Held);
}
