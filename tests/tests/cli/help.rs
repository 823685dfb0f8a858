//! The program's help, and its output in poor environments.

// What the program says of what decides in it.
#[cfg_attr(feature = "component", path = "help/component.rs")]
#[cfg_attr(not(feature = "component"), path = "help/native.rs")]
mod backend;
// script(1) makes a terminal.
#[cfg(unix)]
mod unix;
// Programs by their names alone, and a link for a directory.
#[cfg(unix)]
mod typos;

use std::process::{Command, Output};

use lockhost_tests::{
    fixture::Fixture,
    program::{lockhost, run},
    running::lock_of_somebody,
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
fn a_typo_is_answered_with_what_was_meant() {
    for (typo, meant) in [
        (&["acqire", "."][..], "'acquire'"),
        (&["stauts", "."], "'status'"),
        (&["status", "--jsn", "."], "'--json'"),
        (&["acquire", "--assume-ded=x", "."], "'--assume-dead'"),
    ] {
        let output = run(typo);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(meant), "{output:?}");
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
    let fixture = Fixture::free().with("tinyforge.lock", &lock_of_somebody());
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
            [("CLICOLOR_FORCE", "1"), ("TERM", "xterm-256color")],
        ] {
            let output = in_environment(&variables, arguments);
            let ages = |it: &Output| text(&it.stdout).replace(|c: char| c.is_ascii_digit(), "");
            assert_eq!(ages(&output), ages(&plain), "{variables:?}");
            assert_eq!(output.stderr, plain.stderr, "{variables:?}");
            let told = [output.stdout, output.stderr].concat();
            let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n');
            assert!(told.iter().all(is_plain), "{}", text(&told));
        }
    }
}
