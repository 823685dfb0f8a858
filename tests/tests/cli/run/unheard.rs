//! Output that no process reads, and streams that a command inherits.

use super::*;

/// Runs a command with both of its standard streams at a place that accepts nothing.
fn unheard(options: &[&str], out: impl Fn() -> Stdio) -> Option<i32> {
    let fixture = Fixture::stale();
    let touched = fixture.path().join("touched");
    let script = format!("echo > {}; exit 7", touched.display());
    let mut command = under_lock(options, fixture.path(), &["sh", "-c", &script]);
    let status = command.stdout(out()).stderr(out()).status().unwrap();
    assert_eq!(fixture.files(), ["touched"]);
    status.code()
}

#[test]
fn the_exit_code_is_the_commands_though_output_is_not_read() {
    for options in [&["--json"][..], &["-v"], &[], &["-q"]] {
        let full = || {
            fs::File::options()
                .write(true)
                .open("/dev/full")
                .unwrap()
                .into()
        };
        assert_eq!(unheard(options, full), Some(7), "{options:?}");
        // Its reader has gone.
        let gone = || std::io::pipe().unwrap().1.into();
        assert_eq!(unheard(options, gone), Some(7), "{options:?}");
    }
}

#[test]
fn without_a_command_an_unread_release_changes_nothing() {
    let fixture = Fixture::free();
    let mut command = under_lock(&["--json"], fixture.path(), &[]);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut owner = command.stdout(writer).spawn().unwrap();
    drop(command);
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(reader);
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    assert!(line.contains("acquired"), "{line}");
    drop(reader);
    send(owner.id(), Signal::TERM).unwrap();
    assert_eq!(owner.wait().unwrap().code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
fn the_command_finds_closed_what_lockhost_was_given_closed() {
    let fixture = Fixture::free();
    for closed in 0..3 {
        let find =
            "n=0; for fd in 0 1 2; do test -e /proc/$$/fd/$fd || n=$((n*10+fd+1)); done; exit $n";
        let script = format!("exec \"$@\" {closed}<&-");
        let lockhost = under_lock(&[], fixture.path(), &["sh", "-c", find]);
        let mut command = Command::new("sh");
        command
            .args(["-c", &script, "sh"])
            .arg(lockhost.get_program());
        let status = command.args(lockhost.get_args()).status().unwrap();
        assert_eq!(status.code(), Some(closed + 1));
    }
}
