//! The line of a waiter at a terminal.

use std::{os::unix::fs::symlink, process::Command};

use lockhost_tests::{
    contender::Contender,
    fixture::Fixture,
    terminal::Terminal,
    under_lock::{ready, under_lock},
};

const HEARING: &str = env!("CARGO_BIN_EXE_hearing");

/// How long a waiter waits that is to draw its line: on a busy machine, a shorter time is over before.
const BOUND: &str = "--wait=3s";

/// What erases the line.
const ERASE: &str = "\r\u{1b}[K";

#[test]
fn a_terminal_shows_who_is_waited_for_and_nothing_in_the_end() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    let mut terminal = Terminal::new();
    let lockhost = under_lock(&["--wait"], fixture.path(), &["echo", "ran"]);
    let mut session = terminal.session();
    session
        .arg(lockhost.get_program())
        .args(lockhost.get_args())
        .stderr(terminal.end())
        .stdout(terminal.end());
    let mut waiter = session.spawn().unwrap();
    let line = format!("| waiting for pid {} (lockhost), ", owner.pid());
    let shown = terminal.shown_until(&line);
    assert!(shown.starts_with(ERASE), "{shown:?}");
    // A terminal that is read late has several frames at once.
    let is_later = |frame: &str| {
        let is_whole = frame.contains("(lockhost), ") && frame.ends_with('s');
        is_whole && !frame.ends_with(", 0s")
    };
    let mut shown = shown;
    while !shown.split(ERASE).any(is_later) {
        shown = terminal.shown_until("waiting for");
    }
    owner.stop();
    let shown = terminal.shown_until("ran");
    assert!(shown.contains(&format!("{ERASE}ran")), "{shown:?}");
    assert_eq!(waiter.wait().unwrap().code(), Some(0));
}

#[test]
fn a_narrow_terminal_shows_one_line() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let mut terminal = Terminal::new();
    let lockhost = under_lock(&[BOUND], fixture.path(), &["true"]);
    let mut session = terminal.session();
    session
        .args(["sh", "-c", "stty cols 20; \"$@\"; echo over", "sh"])
        .arg(lockhost.get_program())
        .args(lockhost.get_args())
        .stderr(terminal.end())
        .stdout(terminal.end());
    let mut waiter = session.spawn().unwrap();
    let shown = terminal.shown_until("over");
    let line = shown.split(ERASE).nth(1).unwrap();
    assert!(
        line.len() < 20 && line.starts_with("| waiting"),
        "{shown:?}"
    );
    assert!(line.contains("..., ") && line.ends_with('s'), "{shown:?}");
    waiter.wait().unwrap();
}

/// Returns what a terminal shows while a shell there runs this script, with a command that waits as its arguments.
fn shown_by(script: &str, variables: &[(&str, &str)], waiting: &Command) -> String {
    let mut terminal = Terminal::new();
    let mut session = terminal.session();
    session
        .env("NO_COLOR", "1")
        .envs(variables.iter().copied())
        .args(["sh", "-c", &format!("{script}; echo over"), "sh"])
        .arg(waiting.get_program())
        .args(waiting.get_args())
        .stderr(terminal.end())
        .stdout(terminal.end());
    let mut session = session.spawn().unwrap();
    let shown = terminal.shown_until("over\r\n");
    session.wait().unwrap();
    shown
}

#[test]
fn a_terminal_shows_the_command_of_an_owner_escaped() {
    let fixture = Fixture::free();
    let folder = Fixture::free();
    let odd = folder.path().join("e\u{1b}]0;\nvil");
    symlink(HEARING, &odd).unwrap();
    let odd = odd.to_str().unwrap();
    let mut owner = Contender::start(&mut under_lock(&[], fixture.path(), &[odd]));
    ready(&mut owner);
    let waiting = under_lock(&[BOUND, "-E", "0"], fixture.path(), &["true"]);
    let shown = shown_by("\"$@\"", &[], &waiting);
    let line = format!("| waiting for pid {} (e\\u{{1b}}]0;\\nvil), ", owner.pid());
    assert!(shown.contains(&line), "{shown:?}");
}

#[test]
fn the_line_is_redrawn_a_few_times_a_second() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let waiting = under_lock(&["--wait=1200ms", "-E", "0"], fixture.path(), &["true"]);
    let draws = || {
        let shown = shown_by("\"$@\"", &[], &waiting);
        shown.matches("waiting for").count()
    };
    // On a busy machine, the time may be over before the first one.
    let mut drawn = 0;
    while drawn == 0 {
        drawn = draws();
    }
    // In that time the waiter checks more than ten times.
    assert!(drawn <= 6, "{drawn}");
}

#[test]
fn a_message_stands_on_a_line_of_its_own() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let waiting = under_lock(&[BOUND], fixture.path(), &["true"]);
    let shown = shown_by("\"$@\"", &[("LOCKHOST_LOG", "debug")], &waiting);
    let parts: Vec<_> = shown.split("lockhost: ").collect();
    let (_, before) = parts.split_last().expect("it is never empty");
    assert!(shown.contains("waiting for") && before.len() > 5);
    for before in before {
        let is_begin = before.is_empty() || before.ends_with("\r\n") || before.ends_with(ERASE);
        assert!(is_begin, "{before:?}");
    }
}

#[test]
fn a_waiter_draws_only_in_the_foreground() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let waiting = under_lock(&["--wait=600ms", "-E", "0"], fixture.path(), &["true"]);
    let shown = shown_by("set -m; \"$@\" & wait", &[], &waiting);
    assert!(!shown.contains("waiting for"), "{shown:?}");
    assert!(!shown.contains(ERASE), "{shown:?}");
    let waiting = under_lock(&[BOUND, "-E", "0"], fixture.path(), &["true"]);
    let shown = shown_by("set -m; \"$@\" & fg", &[], &waiting);
    assert!(shown.contains("waiting for"), "{shown:?}");
}

#[test]
fn a_waiter_that_is_stopped_draws_again_once_it_goes_on() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    let waiting = under_lock(&["--wait"], fixture.path(), &["echo", "ran"]);
    let mut terminal = Terminal::new();
    let mut session = terminal.session();
    session
        .args([
            "sh",
            "-c",
            "set -m; \"$@\"; echo stopped; read line; fg",
            "sh",
        ])
        .arg(waiting.get_program())
        .args(waiting.get_args())
        .stderr(terminal.end())
        .stdout(terminal.end());
    let mut session = session.spawn().unwrap();
    terminal.shown_until("waiting for");
    terminal.press("\u{1a}");
    let shown = terminal.shown_until("stopped\r\n");
    let (_, after) = shown.split_once("^Z").expect("the terminal echoes it");
    // The terminal shows the key before the process has stopped, which may draw once in between.
    assert!(after.matches("waiting for").count() <= 1, "{shown:?}");
    terminal.press("\n");
    let shown = terminal.shown_until("waiting for");
    let frame = shown.split(ERASE).nth(1).expect("the line is drawn");
    assert!(frame[1..].starts_with(" waiting for"), "{shown:?}");
    owner.stop();
    let shown = terminal.shown_until("ran");
    assert!(shown.contains(&format!("{ERASE}ran")), "{shown:?}");
    session.wait().unwrap();
}

#[test]
fn a_quiet_waiter_and_one_for_programs_draw_nothing() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    for option in ["-q", "--json"] {
        let waiting = under_lock(&["--wait=300ms", option], fixture.path(), &["true"]);
        let shown = shown_by("\"$@\"", &[], &waiting);
        assert!(!shown.contains(ERASE), "{option}: {shown:?}");
    }
}
