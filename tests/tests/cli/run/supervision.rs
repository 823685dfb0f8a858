//! Supervision that fails, or that gets children of another program.

use super::*;

fn limit(pid: u32, limit: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &pid.to_string(), limit]);
    assert!(prlimit.status().unwrap().success());
}

#[test]
fn the_lock_is_held_though_poll_fails() {
    let fixture = Fixture::free();
    let mut command = under_lock(&[], fixture.path(), &[HEARING]);
    let mut owner = Contender::start(&mut command);
    let (_, lockhost) = ready(&mut owner);
    limit(lockhost, "--nofile=0:0");
    for _ in 0..3 {
        owner.signal(Signal::USR1);
        assert_eq!(owner.line(), "heard SIGUSR1");
        assert_eq!(acquire(fixture.path()).unwrap_err().kind(), ErrorKind::Held);
    }
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    acquire(fixture.path()).unwrap().release().unwrap();
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn the_lock_is_held_though_supervision_fails() {
    let fixture = Fixture::free();
    let lockhost = under_lock(&[], fixture.path(), &[HEARING]);
    let mut strace = Command::new("strace");
    // The first call looks for children that were there before.
    strace
        .args([
            "-D",
            "-qqq",
            "-o",
            "/dev/null",
            "-e",
            "trace=wait4,ppoll,select,pselect6",
        ])
        .args(["-e", "inject=wait4:error=EINVAL:when=2..3"])
        .args(["-e", "inject=ppoll,select,pselect6:error=ENOMEM"])
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    let mut owner = Contender::start(&mut strace);
    ready(&mut owner);
    for _ in 0..3 {
        owner.signal(Signal::USR1);
        assert_eq!(owner.line(), "heard SIGUSR1");
        assert_eq!(acquire(fixture.path()).unwrap_err().kind(), ErrorKind::Held);
    }
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    let told = owner.complaints();
    assert_eq!(
        told.matches("cannot watch the command").count(),
        1,
        "{told}"
    );
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn the_end_of_input_is_noticed_though_poll_fails() {
    let fixture = Fixture::free();
    let mut command = under_lock(&["--until-stdin-closes"], fixture.path(), &[]);
    let mut owner = Contender::start(command.stdin(Stdio::piped()));
    assert!(owner.line().starts_with("acquired "));
    limit(owner.pid(), "--nofile=0:0");
    owner.go_on();
    assert_eq!(acquire(fixture.path()).unwrap_err().kind(), ErrorKind::Held);
    assert_eq!(owner.end_of_input().code(), Some(0));
}

/// Starts it from a shell that has a child of its own and becomes lockhost.
fn after_a_child(options: &[&str], fixture: &Fixture, command: &[&str]) -> (Contender, u32) {
    let lockhost = under_lock(options, fixture.path(), command);
    let script = "sleep 60 >/dev/null 2>&1 & echo $!; exec \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(lockhost.get_program());
    let mut owner = Contender::start(shell.args(lockhost.get_args()));
    let child = owner.line().parse().unwrap();
    (owner, child)
}

#[test]
fn with_all_only_what_came_from_the_command_is_waited_for() {
    let fixture = Fixture::free();
    let (mut owner, child) = after_a_child(&["--all"], &fixture, &["true"]);
    assert_eq!(owner.end_of_input().code(), Some(0));
    assert!(fixture.files().is_empty());
    send(child, Signal::TERM).expect("it outlives the lock");
}

#[test]
fn with_all_signals_reach_no_stranger() {
    let fixture = Fixture::free();
    let script = format!("{HEARING} & exit 4");
    let (mut owner, child) = after_a_child(&["--all"], &fixture, &["sh", "-c", &script]);
    let (hearing, lockhost) = ready(&mut owner);
    let children = format!("/proc/{lockhost}/task/{lockhost}/children");
    until("the command is buried, and its orphan adopted", || {
        let children = fs::read_to_string(&children).unwrap();
        let children: Vec<_> = children.split_whitespace().collect();
        children.len() == 2 && children.contains(&&*hearing.to_string())
    });
    owner.signal(Signal::TERM);
    assert_eq!(owner.line(), "heard SIGTERM");
    assert_eq!(owner.end(Signal::USR2).code(), Some(4));
    send(child, Signal::TERM).expect("it outlives the lock");
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_command_is_buried_though_the_first_try_fails() {
    let fixture = Fixture::free();
    let lockhost = under_lock(&[], fixture.path(), &["sh", "-c", "exit 4"]);
    let mut strace = Command::new("strace");
    // The first call looks for children that were there before, the second is made at the command's end.
    strace
        .args(["-D", "-qqq", "-o", "/dev/null", "-e", "trace=wait4"])
        .args(["-e", "inject=wait4:error=EINVAL:when=2"])
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    let mut owner = Contender::start(&mut strace);
    assert_eq!(owner.end_of_input().code(), Some(4));
    let reported = owner.complaints();
    assert!(reported.contains("cannot watch the command"), "{reported}");
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}
