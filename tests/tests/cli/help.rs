//! The program's help, and its output in poor environments.

// What the program says of what decides in it.
#[cfg_attr(feature = "component", path = "help/component.rs")]
#[cfg_attr(not(feature = "component"), path = "help/native.rs")]
mod backend;
// script(1) makes a terminal.
#[cfg(all(unix, feature = "component"))]
mod unix;
// Programs by their names alone, and a link for a directory.
#[cfg(unix)]
mod typos;

use std::process::{Command, Output};

use lockhost_tests::{
    fixture::Fixture,
    program::{lockhost, run},
    running::lock_of_another_process,
};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it speaks text")
}

#[test]
fn help_has_examples_and_ends_with_its_line() {
    let told = text(&run(&["--help"]).stdout);
    for command in backend::COMMANDS {
        assert!(told.contains(&format!("\n  {command} ")), "{told}");
        let output = run(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        let told = text(&output.stdout);
        assert!(told.contains("Example"), "{told}");
        assert!(told.ends_with('\n') && !told.ends_with("\n\n"), "{told:?}");
    }
}

#[test]
fn help_has_a_text_for_every_command_and_topic() {
    let program = text(&run(&["--help"]).stdout);
    assert_eq!(text(&run(&["help"]).stdout), program);
    for command in backend::COMMANDS {
        assert_eq!(run(&["help", command]), run(&[command, "--help"]));
    }
    for (topic, content) in [
        ("exit-codes", &backend::COMMANDS[..]),
        (
            "environment",
            &["LOCKHOST_WAIT", "LOCKHOST_DIR", "NO_COLOR"],
        ),
        ("files", &["tinyforge.lock.reclaim"]),
    ] {
        assert!(
            program.contains(&format!("lockhost help {topic}")),
            "{program}"
        );
        let told = text(&run(&["help", topic]).stdout);
        for part in content {
            assert!(told.contains(part), "{topic}: {told}");
        }
    }
    let wrong = run(&["help", "exit-code"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("'exit-codes'"), "{wrong:?}");
}

#[test]
fn the_help_of_a_command_shows_its_usage_and_its_groups() {
    let told = text(&run(&["acquire", "-h"]).stdout);
    for part in [
        "lockhost acquire [OPTIONS] <DIRECTORY>... -- <COMMAND>...\n",
        "\nWaiting and refusals:\n      --wait[=<DURATION>] ",
        "\nWhile the lock is held:\n",
        "\nGeneral options:\n",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let long = text(&run(&["acquire", "--help"]).stdout);
    assert!(long.contains("\nExit codes:\n"), "{long}");
}

#[test]
fn a_typo_is_answered_with_what_was_meant() {
    for (typo, meant) in [
        (&["acqire", "."][..], "'acquire'"),
        (&["stauts", "."], "'status'"),
        (&["status", "--jsn", "."], "'--json'"),
        (&["acquire", "--assume-ded=x", "."], "'--assume-dead'"),
    ] {
        let output = run(typo);
        assert_eq!(output.status.code(), Some(2));
        let told = text(&output.stderr);
        assert!(told.contains(meant) && !told.contains("--color"), "{told}");
    }
}

/// Runs the program in an environment where much is missing.
fn in_environment(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(lockhost());
    command.args(arguments).env_clear();
    command.envs(variables.iter().copied());
    command.output().expect("the program can be started")
}

#[test]
fn it_speaks_the_same_plain_text_in_every_environment() {
    let fixture = Fixture::free().with("tinyforge.lock", &lock_of_another_process());
    let directory = fixture.path().to_str().unwrap();
    for arguments in [
        &["acquire", directory][..],
        &["status", directory],
        &["acquire", "--help"],
        &["nonsense"],
    ] {
        let plain = in_environment(&[], arguments);
        for variables in [
            [("LC_ALL", "C"), ("COLUMNS", "20")],
            [("LC_ALL", "C.UTF-8"), ("COLUMNS", "200")],
            [("NO_COLOR", "1"), ("TERM", "dumb")],
            [("CLICOLOR", "1"), ("TERM", "xterm-256color")],
            [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
        ] {
            let output = in_environment(&variables, arguments);
            let ages = |it: &Output| text(&it.stdout).replace(|c: char| c.is_ascii_digit(), "");
            assert_eq!(ages(&output), ages(&plain), "{variables:?}");
            let ages = |it: &Output| text(&it.stderr).replace(|c: char| c.is_ascii_digit(), "");
            assert_eq!(ages(&output), ages(&plain), "{variables:?}");
            let told = [output.stdout, output.stderr].concat();
            let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n');
            assert!(told.iter().all(is_plain), "{}", text(&told));
        }
    }
}

/// Returns a text without the sequences that set colours.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    first
        + &parts
            .map(|part| part.split_once('m').expect("a colour ends").1)
            .collect::<String>()
}

#[test]
fn colours_are_forced_and_forbidden() {
    let fixture = Fixture::free().with("tinyforge.lock", &lock_of_another_process());
    let directory = fixture.path().to_str().unwrap();
    let force = [("CLICOLOR_FORCE", "1")];
    for arguments in [
        &["acquire", "--help"][..],
        &["status", directory],
        &["doctor", directory],
        &["status", "--nonsense"],
        &["acquire", directory],
    ] {
        let shown = |variables: &[(&str, &str)], choice: &[&str]| {
            let arguments = [choice, arguments].concat();
            let output = in_environment(variables, &arguments);
            text(&[output.stdout, output.stderr].concat())
        };
        // Ages and granularities of times change.
        let fixed = |text: &str| text.replace(|c: char| c.is_ascii_digit() || c == 'm', "");
        let plain = shown(&[], &[]);
        for coloured in [shown(&force, &[]), shown(&[], &["--color=always"])] {
            assert!(coloured.contains("\u{1b}["), "{arguments:?}: {coloured:?}");
            let bare = without_colours(&coloured);
            assert_eq!(fixed(&bare).lines().next(), fixed(&plain).lines().next());
            assert_eq!(bare.lines().count(), plain.lines().count());
        }
        assert!(!shown(&force, &["--color=never"]).contains('\u{1b}'));
    }
}

#[test]
fn what_programs_read_has_no_colours() {
    let fixture = Fixture::free();
    let directory = fixture.path().to_str().unwrap();
    for arguments in [
        &["acquire", "--json", directory, "--", "true"][..],
        &["acquire", "--until-stdin-closes", directory],
        &["status", "--json", directory],
        &["holds", "-v", directory],
        &["--version"],
    ]
    .iter()
    .chain(backend::FOR_PROGRAMS)
    {
        let output = Command::new(lockhost())
            .arg("--color=always")
            .args(*arguments)
            .stdin(std::process::Stdio::null())
            .output()
            .expect("the program can be started");
        let told = text(&[output.stdout, output.stderr].concat());
        assert!(!told.is_empty() && !told.contains('\u{1b}'), "{told:?}");
    }
}
