//! The program's help, and its output in poor environments.

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

const COMMANDS: [&str; 6] = ["acquire", "break", "status", "holds", "doctor", "component"];

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it speaks text")
}

#[test]
fn help_has_examples_and_ends_with_its_line() {
    let told = text(&run(&["--help"]).stdout);
    for command in COMMANDS {
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

#[test]
fn the_version_names_the_component_and_the_target() {
    let told = text(&run(&["--version"]).stdout);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert_eq!(lines[0], text(&run(&["-V"]).stdout).trim());
    let noted = include_str!("../../../host/lockfile.wasm.sha256").trim();
    assert!(
        lines[1].starts_with(&format!("component sha256 {noted}, ")),
        "{told}"
    );
    assert!(lines[2].contains(std::env::consts::ARCH), "{told}");
}

#[test]
fn the_component_and_its_contract_come_out_as_they_are() {
    assert_eq!(run(&["component"]).stdout, lockhost::COMPONENT);
    let contract = include_bytes!("../../../wit/lockfile.wit");
    assert_eq!(run(&["component", "--wit"]).stdout, contract);
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
