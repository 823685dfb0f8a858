//! A terminal.

use std::process::Command;

use lockhost_tests::{fixture::Fixture, program::lockhost, terminal::Terminal};

use super::text;

#[test]
fn a_terminal_is_not_sent_the_component() {
    // script(1) gives it one.
    let command = format!("'{}' component", lockhost().display());
    let script = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("script can be started");
    assert_eq!(script.status.code(), Some(1));
    assert!(text(&script.stdout).contains("--wit"), "{script:?}");
}

/// Returns what the program shows at a terminal.
fn shown(variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut terminal = Terminal::new();
    let mut session = terminal.session();
    session
        .envs(variables.iter().copied())
        .args(["sh", "-c", "\"$@\"; echo over", "sh"])
        .arg(lockhost())
        .args(arguments)
        .stdout(terminal.end())
        .stderr(terminal.end());
    let mut session = session.spawn().expect("setsid can be started");
    let shown = terminal.shown_until("over");
    session.wait().expect("it ends");
    shown
}

#[test]
fn a_terminal_gets_colours_unless_it_is_not_to() {
    let fixture = Fixture::free();
    let directory = fixture.path().to_str().unwrap();
    for arguments in [
        &["--help"][..],
        &["help", "exit-codes"],
        &["status", directory],
        &["doctor", directory],
        &["nonsense"],
    ] {
        assert!(shown(&[], arguments).contains("\u{1b}["), "{arguments:?}");
        for variables in [("NO_COLOR", "1"), ("TERM", "dumb"), ("CLICOLOR", "0")] {
            let shown = shown(&[variables], arguments);
            assert!(!shown.contains('\u{1b}'), "{variables:?}: {shown:?}");
        }
        let never = [&["--color=never"], arguments].concat();
        assert!(!shown(&[], &never).contains('\u{1b}'), "{arguments:?}");
    }
}
