//! A terminal.

use std::process::Command;

use lockhost_tests::program::lockhost;

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
