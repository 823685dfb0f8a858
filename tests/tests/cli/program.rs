//! The program `lockhost acquire`: its messages, the files that it leaves, and its end.

// Facts from Linux, and the effects of shells and signals.
#[cfg(target_os = "linux")]
mod linux;

use std::fs;

use lockhost_tests::{
    contender::{self, Answer, Contender},
    files::look_at,
    fixture::{Fixture, NO_PROCESS},
    program::{is_one_message, run, text},
};

/// Runs it where it is expected to end by itself. Returns the code, and the one message on standard error.
fn ends(arguments: &[&str]) -> (i32, String) {
    let output = run(arguments);
    assert!(output.stdout.is_empty(), "{output:?}");
    let line = String::from_utf8(output.stderr).expect("it speaks text");
    assert!(is_one_message(&line), "{line}");
    (output.status.code().expect("it ends by itself"), line)
}

#[test]
fn it_says_that_it_has_the_lock_once_it_has_it() {
    let fixture = Fixture::free();
    let mut owner = Contender::acquire(fixture.path());
    let line = format!(
        "acquired {} (pid {})",
        fixture.lock().display(),
        owner.pid()
    );
    assert_eq!(owner.line(), line);
    assert!(fixture.lock().exists());
}

#[test]
fn the_lock_file_holds_the_pid_and_a_newline() {
    let fixture = Fixture::free();
    let owner = Contender::owner(fixture.path());
    assert_eq!(
        fs::read_to_string(fixture.lock()).unwrap(),
        format!("{}\n", owner.pid())
    );
}

#[test]
#[cfg_attr(
    under_wine,
    ignore = "Wine keeps a removed name for as long as anybody has its file open"
)]
fn the_lock_and_its_claim_are_one_file_and_there_is_no_other() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let lock = look_at(&fixture.lock()).unwrap();
    assert_eq!(lock.links, 2);
    assert_eq!(fixture.files().len(), 2);
    for file in fixture.files() {
        assert_eq!(look_at(&fixture.path().join(file)).unwrap().id, lock.id);
    }
}

#[test]
fn a_second_process_is_refused_with_the_holders_pid_and_path() {
    let fixture = Fixture::free();
    let owner = Contender::owner(fixture.path());
    let before = fixture.files();
    let (code, line) = ends(&["acquire", text(fixture.path())]);
    assert_eq!(code, 75);
    let held = format!(
        "lockhost: {} is held by pid {} since ",
        fixture.lock().display(),
        owner.pid()
    );
    assert!(line.starts_with(&held), "{line}");
    assert!(
        line.contains("s ago)\n  hint: try again once it has ended"),
        "{line}"
    );
    assert_eq!(fixture.files(), before);
}

#[test]
fn a_killed_owner_does_not_block_a_restart() {
    let fixture = Fixture::free();
    let mut killed = Contender::owner(fixture.path());
    let pid = killed.pid();
    killed.kill();
    let mut restarted = Contender::owner(fixture.path());
    assert_eq!(restarted.stop().code(), Some(0));
    let told = restarted.complaints();
    assert!(
        told.contains(&format!("stale lockfile (dead pid {pid}")),
        "{told}"
    );
    assert!(told.contains(text(&fixture.lock())), "{told}");
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn a_stale_lock_is_replaced_whatever_white_space_it_has() {
    for content in [
        NO_PROCESS,
        "999999999",
        "  +0999999999\t\r\n",
        "\u{a0}999999999\u{2003}",
    ] {
        let fixture = Fixture::free().with("tinyforge.lock", content);
        let mut owner = Contender::owner(fixture.path());
        owner.stop();
        let told = owner.complaints();
        assert!(
            told.contains("stale lockfile (dead pid 999999999)"),
            "{content:?}: {told}"
        );
    }
}

#[test]
fn a_malformed_lock_is_replaced_at_once_if_it_is_old() {
    for content in ["", "\n", "0\n", "-1\n", "4294967297\n", "not a pid\n"] {
        let fixture = Fixture::free().with_old("tinyforge.lock", content);
        let mut owner = Contender::owner(fixture.path());
        owner.stop();
        let told = owner.complaints();
        assert!(
            told.contains("malformed existing lockfile"),
            "{content:?}: {told}"
        );
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
fn a_living_process_of_another_program_holds_its_lock() {
    let fixture = Fixture::free();
    let pid = std::process::id();
    fs::write(fixture.lock(), format!(" {pid} ")).unwrap();
    let (code, line) = ends(&["acquire", text(fixture.path())]);
    assert_eq!(code, 75);
    assert!(line.contains(&format!("pid {pid}")), "{line}");
    assert_eq!(
        fs::read_to_string(fixture.lock()).unwrap(),
        format!(" {pid} ")
    );
}

#[test]
fn a_living_reclaim_refuses() {
    let fixture = Fixture::stale().with(
        "tinyforge.lock.reclaim",
        &format!("{}\n", std::process::id()),
    );
    let before = fixture.files();
    let (code, line) = ends(&["acquire", text(fixture.path())]);
    assert_eq!(code, 75);
    assert!(line.contains("tinyforge.lock.reclaim is held by"), "{line}");
    assert!(
        line.contains("  hint: a reclaim is short: try again; "),
        "{line}"
    );
    assert_eq!(fixture.files(), before);
}

#[test]
fn a_leftover_reclaim_costs_two_seconds_and_a_warning() {
    let fixture = Fixture::free().with(
        "tinyforge.lock.reclaim",
        &format!("{}\n", std::process::id()),
    );
    let mut owner = Contender::owner(fixture.path());
    owner.stop();
    let told = owner.complaints();
    assert!(
        told.contains("warning: ignored a reclaim lock of pid "),
        "{told}"
    );
    assert_eq!(
        fixture.files(),
        ["tinyforge.lock.reclaim"],
        "it is not ours to remove"
    );
}

#[test]
fn another_name_is_another_lock() {
    let fixture = Fixture::free();
    let mut first = Contender::owner(fixture.path());
    let mut command = contender::acquire();
    command.args(["--name", "other.pid"]).arg(fixture.path());
    let mut second = Contender::start(&mut command);
    assert_eq!(second.answer(), Answer::Owns);
    assert!(fixture.path().join("other.pid").exists());
    for owner in [&mut first, &mut second] {
        assert_eq!(owner.stop().code(), Some(0));
    }
    assert!(fixture.files().is_empty());
}

#[test]
fn a_name_that_is_none_for_a_lock_is_wrong_usage() {
    let fixture = Fixture::free();
    for name in [
        "lock",
        ".lock",
        "../x.lock",
        "a/b.lock",
        "/etc/x.lock",
        "x.lock/",
    ] {
        let (code, line) = ends(&["acquire", "--name", name, text(fixture.path())]);
        assert_eq!(code, 2, "{line}");
    }
    assert!(fixture.files().is_empty());
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &[][..],
        &["acquire"],
        &["acquire", "--", "true"],
        &["acquire", ".", "--"],
        &["release"],
        &["acquire", "--force", "."],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_and_version_exit_with_0() {
    for arguments in [&["--help"][..], &["--version"], &["acquire", "--help"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn a_directory_that_is_missing_is_a_failure_that_names_it() {
    let fixture = Fixture::free().with("file", "");
    for name in ["missing", "file"] {
        let path = fixture.path().join(name);
        let (code, line) = ends(&["acquire", text(&path)]);
        assert_eq!(code, 1);
        assert!(line.contains(text(&path)), "{line}");
    }
}

#[test]
#[cfg_attr(
    under_wine,
    ignore = "Wine keeps a removed name for as long as anybody has its file open"
)]
fn a_lost_lock_is_reported_and_the_other_file_left_alone() {
    // A file that is only missing would be put back.
    for replacement in [NO_PROCESS, ""] {
        let fixture = Fixture::free();
        let mut owner = Contender::owner(fixture.path());
        let other = fixture.path().join("other");
        fs::write(&other, replacement).unwrap();
        fs::rename(other, fixture.lock()).unwrap();
        let left = ["tinyforge.lock"];
        assert_eq!(owner.stop().code(), Some(1));
        let told = owner.complaints();
        assert!(
            told.contains(text(&fixture.lock())) && told.contains("is lost"),
            "{told}"
        );
        assert_eq!(fixture.files(), left);
    }
}

#[test]
fn a_refused_attempt_touches_no_file() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let times = || {
        let files = fixture
            .files()
            .into_iter()
            .map(|file| fixture.path().join(file));
        let paths = files.chain([fixture.path().to_owned()]);
        paths
            .map(|path| look_at(&path).unwrap())
            .collect::<Vec<_>>()
    };
    let before = times();
    assert_eq!(ends(&["acquire", text(fixture.path())]).0, 75);
    assert_eq!(times(), before);
}
