//! The command as a job of a shell, and the keys of its terminal.

use super::*;

/// Starts a job of a shell in a terminal. Returns it once it is in the foreground, with its first line.
pub(super) fn job(terminal: &Terminal, fixture: &Fixture, command: &[&str]) -> (Contender, String) {
    let lockhost = under_lock(&[], fixture.path(), command);
    let mut shell = terminal.session();
    shell
        .arg("env")
        .arg("--default-signal")
        .arg(env!("CARGO_BIN_EXE_shell"))
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    let mut shell = Contender::start(&mut shell);
    // Either may be the first to print.
    let lines = [shell.line(), shell.line()];
    let line = lines.into_iter().find(|line| line != "foreground");
    (shell, line.expect("the job says something"))
}

/// Does the same with the command that prints the signals it gets. Returns its pid, and that of lockhost.
pub(super) fn hearing_job(terminal: &Terminal, fixture: &Fixture) -> (Contender, u32, u32) {
    let (shell, line) = job(terminal, fixture, &[HEARING]);
    let (command, lockhost) = numbers(&line);
    (shell, command, lockhost)
}

#[test]
fn a_key_reaches_the_command_once_and_does_not_end_the_lock() {
    let fixture = Fixture::free();
    let mut terminal = Terminal::new();
    let (mut shell, _, lockhost) = hearing_job(&terminal, &fixture);
    for (key, name) in [("\x03", "SIGINT"), ("\x1c", "SIGQUIT"), ("\x03", "SIGINT")] {
        terminal.press(key);
        assert_eq!(shell.line(), format!("heard {name}"));
        // Checks the next signal, and that the same one does not arrive once more.
        send(lockhost, Signal::USR1).expect("it is there");
        assert_eq!(shell.line(), "heard SIGUSR1");
        assert!(fixture.lock().exists());
    }
    send(lockhost, Signal::USR2).expect("it is there");
    assert_eq!(shell.line(), "exited 3");
    assert!(fixture.files().is_empty());
}

#[test]
fn a_command_that_ends_by_ctrl_c_ends_lockhost_the_same_way() {
    let fixture = Fixture::free();
    let mut terminal = Terminal::new();
    let (mut shell, line) = job(
        &terminal,
        &fixture,
        &["sh", "-c", "echo ready; exec sleep 60"],
    );
    assert_eq!(line, "ready");
    terminal.press("\x03");
    // So that a shell knows that its script was interrupted.
    assert_eq!(shell.line(), "killed 2");
    assert!(fixture.files().is_empty());
}

#[test]
fn a_job_stops_and_goes_on_as_one() {
    let fixture = Fixture::free();
    let mut terminal = Terminal::new();
    let (mut shell, command, lockhost) = hearing_job(&terminal, &fixture);
    let mut goes_on = |shell: &mut Contender| {
        terminal.press("\n");
        assert_eq!(shell.line(), "heard SIGCONT");
        send(lockhost, Signal::USR1).expect("it is there");
        assert_eq!(shell.line(), "heard SIGUSR1", "and not SIGCONT once more");
    };
    // By itself, by a signal to lockhost, and by another signal than the key's.
    for (pid, signal) in [
        (command, Signal::TSTP),
        (lockhost, Signal::TSTP),
        (command, Signal::TTIN),
        (command, Signal::TTOU),
    ] {
        send(pid, signal).expect("it is there");
        assert_eq!(shell.line(), format!("stopped {}", signal.as_raw()));
        goes_on(&mut shell);
    }
    send(lockhost, Signal::USR2).expect("it is there");
    assert_eq!(shell.line(), "exited 3");
}

#[test]
fn ctrl_z_stops_the_job() {
    let fixture = Fixture::free();
    let mut terminal = Terminal::new();
    let (mut shell, _, lockhost) = hearing_job(&terminal, &fixture);
    terminal.press("\x1a");
    assert_eq!(shell.line(), format!("stopped {}", Signal::TSTP.as_raw()));
    assert!(fixture.lock().exists());
    terminal.press("\n");
    assert_eq!(shell.line(), "heard SIGCONT");
    send(lockhost, Signal::USR2).expect("it is there");
    assert_eq!(shell.line(), "exited 3");
}

/// Returns the program as the leader of a session in a terminal, with each signal's default action.
pub(super) fn leading(terminal: &Terminal, lockhost: &Command) -> Command {
    let mut session = terminal.session();
    session
        .arg("env")
        .arg("--default-signal")
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    session
}

#[test]
fn a_session_leaders_command_hears_that_its_terminal_is_gone() {
    let fixture = Fixture::free();
    let terminal = Terminal::new();
    let lockhost = under_lock(&[], fixture.path(), &[HEARING]);
    let mut session = leading(&terminal, &lockhost);
    let mut owner = Contender::start(&mut session);
    let (_, number) = ready(&mut owner);
    assert_eq!(number, owner.pid());
    drop((terminal, session));
    assert_eq!(owner.line(), "heard SIGHUP");
    assert_eq!(owner.line(), "heard SIGCONT");
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
}
