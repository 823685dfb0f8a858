//! Typos that would lock something other than the user meant, and values from the environment.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use lockhost_tests::{fixture::Fixture, program::lockhost};

/// Returns a folder with a directory `d` in it.
fn folder() -> Fixture {
    let fixture = Fixture::free();
    fs::create_dir(fixture.path().join("d")).unwrap();
    fixture
}

/// Runs the program in a folder with these words and this environment.
fn typed(folder: &Path, variables: &[(&str, &str)], words: &[&str]) -> Output {
    Command::new(lockhost())
        .args(words)
        .current_dir(folder)
        .env_remove("LOCKHOST_NAME")
        .env_remove("LOCKHOST_WAIT")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the program can be started")
}

/// Asserts that it is wrong usage, with this hint in its text, and that no file was made.
fn is_refused(words: &[&str], hint: &str) {
    let folder = folder();
    let output = typed(folder.path(), &[], words);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words:?}: {text}");
    assert!(text.contains(hint), "{words:?}: {text}");
    assert!(text.contains("Usage: lockhost acquire "), "{text}");
    assert_eq!(folder.files(), ["d"], "{words:?}");
    assert_eq!(fs::read_dir(folder.path().join("d")).unwrap().count(), 0);
}

#[test]
fn a_duration_in_the_place_of_a_directory_is_refused() {
    for words in [
        &["acquire", "--wait", "30s", "d"][..],
        &["acquire", "--mkdir", "--wait", "30s", "d", "--", "true"],
        &["acquire", "--mkdir", "d", "--wait", "30s"],
        &["acquire", "--mkdir", "30s"],
    ] {
        is_refused(words, "--wait=30s");
    }
    is_refused(&["acquire", "--mkdir", "--wait", "30", "d"], "--wait=30;");
    let forever = ["acquire", "--mkdir", "--wait", "forever", "d"];
    is_refused(&forever, "--wait=forever");
}

#[test]
fn a_directory_that_is_named_like_a_duration_is_accepted() {
    let folder = folder();
    fs::create_dir(folder.path().join("30s")).unwrap();
    for words in [
        &["acquire", "--wait", "30s", "d", "--", "true"][..],
        &["acquire", "--mkdir", "--wait", "./40s", "--", "true"],
        &["acquire", "--mkdir", "2026", "--", "true"],
    ] {
        let output = typed(folder.path(), &[], words);
        assert!(output.status.success(), "{words:?}: {output:?}");
    }
    assert_eq!(folder.files().len(), 4);
}

#[test]
fn a_command_without_its_double_hyphen_is_refused() {
    for words in [
        &["acquire", "d", "true", "x"][..],
        &["acquire", "--mkdir", "d", "true", "x"],
    ] {
        is_refused(words, "lockhost acquire d -- true x;");
    }
    is_refused(&["acquire", "true"], "lockhost acquire DIRECTORY -- true;");
    // The option belongs to the command.
    is_refused(
        &["acquire", "d", "true", "-j4"],
        "lockhost acquire d -- true -j4;",
    );
    let folder = folder();
    fs::write(folder.path().join("script"), "").unwrap();
    let output = typed(folder.path(), &[], &["acquire", "d", "./script"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("lockhost acquire d -- ./script;"), "{text}");
}

#[test]
fn a_directory_that_is_missing_may_be_a_command() {
    let hint = "write '--' before it";
    let folder = folder();
    for (words, has_hint) in [
        (&["acquire", "d", "COMMAND"][..], true),
        (&["acquire", "COMMAND", "d"], false),
        (&["acquire", "d", "COMMAND", "--", "true"], false),
    ] {
        let output = typed(folder.path(), &[], words);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {text}");
        assert!(text.contains("cannot open directory COMMAND: "), "{text}");
        assert_eq!(text.contains(hint), has_hint, "{words:?}: {text}");
    }
    assert_eq!(folder.files(), ["d"]);
}

#[test]
fn a_command_is_found_behind_an_option_for_all_commands() {
    is_refused(
        &["--color", "never", "acquire", "d", "true", "-j4"],
        "lockhost acquire d -- true -j4;",
    );
}

#[test]
fn a_directory_may_have_the_name_of_a_program() {
    let folder = folder();
    for words in [
        &["acquire", "--mkdir", "--until-stdin-closes", "true"][..],
        &["acquire", "--mkdir", "d", "true", "--", "true"],
        &["acquire", "--until-stdin-closes", "d", "true"],
    ] {
        let output = typed(folder.path(), &[], words);
        assert!(output.status.success(), "{words:?}: {output:?}");
    }
}

#[test]
fn a_dash_makes_no_directory() {
    for dash in ["-", "\u{2014}", "\u{2013}-wait=30s"] {
        let words = ["acquire", "--mkdir", "d", dash];
        is_refused(&words, " does not exist");
    }
}

#[test]
fn a_double_hyphen_at_the_end_is_refused_with_the_usage() {
    is_refused(&["acquire", "d", "--"], "missing command after --");
}

#[test]
fn a_wrong_value_is_reported_where_it_was_given() {
    let folder = folder();
    let wrong = |variables: &[(&str, &str)], words: &[&str]| {
        let output = typed(folder.path(), variables, words);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let wait = wrong(
        &[("LOCKHOST_WAIT", "soon")],
        &["acquire", "d", "--", "true"],
    );
    assert!(wait.contains("for 'LOCKHOST_WAIT': "), "{wait}");
    assert!(!wait.contains("--wait[="), "{wait}");
    let typed = ["acquire", "--wait=soon", "d"];
    let wait = wrong(&[("LOCKHOST_WAIT", "never")], &typed);
    assert!(wait.contains("'soon' for '--wait[="), "{wait}");
    let other = [("LOCKHOST_NAME", "other")];
    for words in [
        &["acquire", "d"][..],
        &["status", "d"],
        &["holds", "d"],
        &["break", "--owner=1-p1", "d"],
    ] {
        let text = wrong(&other, words);
        assert!(
            text.contains("invalid lock name 'other' in LOCKHOST_NAME"),
            "{text}"
        );
        let (command, rest) = words.split_first().unwrap();
        let words = [&[*command, "--name="], rest].concat();
        let text = wrong(&[], &words);
        assert!(text.contains("invalid empty --name"), "{text}");
    }
}

#[test]
fn an_empty_variable_is_none() {
    let folder = folder();
    let empty = [("LOCKHOST_NAME", ""), ("LOCKHOST_WAIT", "")];
    let output = typed(folder.path(), &empty, &["acquire", "d", "--", "true"]);
    assert!(output.status.success(), "{output:?}");
    let output = typed(folder.path(), &empty, &["status", "d"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}
