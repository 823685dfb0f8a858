//! Keys of a terminal, where the command is not in the process group that the terminal sends them to.

use super::{
    jobs::{job, leading},
    *,
};

/// Starts a job whose command has a process group, or a session, of its own. Returns lockhost's pid.
fn apart(terminal: &Terminal, fixture: &Fixture, how: &str) -> (Contender, u32) {
    let (shell, line) = job(terminal, fixture, &[HEARING, how]);
    (shell, numbers(&line).1)
}

#[test]
fn keys_reach_a_command_in_a_group_of_its_own_once() {
    for how in ["apart", "elsewhere"] {
        let fixture = Fixture::free();
        let mut terminal = Terminal::new();
        let (mut shell, lockhost) = apart(&terminal, &fixture, how);
        for (key, name) in [("\x03", "SIGINT"), ("\x1c", "SIGQUIT"), ("\x03", "SIGINT")] {
            terminal.press(key);
            assert_eq!(shell.line(), format!("heard {name}"), "{how}");
            send(lockhost, Signal::USR1).expect("it is there");
            assert_eq!(shell.line(), "heard SIGUSR1", "and not the key once more");
        }
        send(lockhost, Signal::USR2).expect("it is there");
        assert_eq!(shell.line(), "exited 3");
    }
}

#[test]
fn ctrl_z_stops_a_command_in_a_group_of_its_own() {
    for (how, signal) in [("apart", Signal::TSTP), ("elsewhere", Signal::STOP)] {
        let fixture = Fixture::free();
        let mut terminal = Terminal::new();
        let (mut shell, lockhost) = apart(&terminal, &fixture, how);
        terminal.press("\x1a");
        assert_eq!(
            shell.line(),
            format!("stopped {}", signal.as_raw()),
            "{how}"
        );
        terminal.press("\n");
        assert_eq!(shell.line(), "heard SIGCONT");
        send(lockhost, Signal::USR2).expect("it is there");
        assert_eq!(shell.line(), "exited 3");
    }
}

#[test]
fn a_key_reaches_all_of_a_commands_own_group() {
    let fixture = Fixture::free();
    let mut terminal = Terminal::new();
    // A shell leads the group, and waits for the process that prints its signals.
    let script = format!("trap : QUIT; {HEARING} & wait; wait");
    let (mut shell, line) = job(&terminal, &fixture, &["setsid", "sh", "-c", &script]);
    let (hearing, _) = numbers(&line);
    terminal.press("\x1c");
    assert_eq!(shell.line(), "heard SIGQUIT");
    send(hearing, Signal::KILL).expect("it is there");
}

#[test]
fn a_command_in_its_own_group_hears_that_its_terminal_is_gone() {
    let fixture = Fixture::free();
    let terminal = Terminal::new();
    let (mut shell, lockhost) = apart(&terminal, &fixture, "apart");
    // The hang-up ends the shell, and then the kernel signals the foreground.
    drop(terminal);
    let heard = [shell.line(), shell.line()];
    assert!(heard.contains(&"heard SIGHUP".to_owned()), "{heard:?}");
    send(lockhost, Signal::USR2).expect("it is there");
    until("it has ended", || is_gone(lockhost));
}

#[test]
fn ctrl_z_stops_no_command_that_no_shell_can_continue() {
    for how in ["apart", "elsewhere"] {
        let fixture = Fixture::free();
        let mut terminal = Terminal::new();
        let lockhost = under_lock(&[], fixture.path(), &[HEARING, how]);
        let mut session = leading(&terminal, &lockhost);
        let mut owner = Contender::start(&mut session);
        let (_, lockhost) = ready(&mut owner);
        assert_eq!(lockhost, owner.pid(), "it leads the session");
        terminal.press("\x1a\x03");
        assert_eq!(owner.line(), "heard SIGINT", "{how}");
        // The key was sent before. lockhost has read it at the latest after the first of these.
        for _ in 0..3 {
            owner.signal(Signal::USR1);
            assert_eq!(owner.line(), "heard SIGUSR1", "{how}");
        }
        let code = owner.end(Signal::USR2).code();
        assert_eq!(code, Some(3), "{how}: {}", owner.complaints());
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

/// The same where the leaders of its session and of its group are outside its PID namespace.
#[test]
#[cfg_attr(not_root, ignore = "only root can make a PID namespace")]
fn keys_reach_a_command_though_the_shell_is_outside() {
    // As the first process of the namespace, and behind another one.
    for starter in [&[][..], &["sh", "-c", "\"$@\"; exit $?", "sh"]] {
        let fixture = Fixture::free();
        let mut terminal = Terminal::new();
        let lockhost = under_lock(&[], fixture.path(), &[HEARING, "apart"]);
        let mut session = terminal.session();
        // The keys are for the processes inside.
        session
            .args(["env", "--ignore-signal=QUIT", "--ignore-signal=TSTP"])
            .args(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["env", "--default-signal"])
            .args(starter)
            .arg(lockhost.get_program())
            .args(lockhost.get_args());
        let mut first = Contender::start(&mut session);
        ready(&mut first);
        terminal.press("\x1a\x1c");
        assert_eq!(first.line(), "heard SIGQUIT", "{starter:?}");
    }
}
