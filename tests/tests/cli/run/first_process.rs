//! lockhost as the first process of a PID namespace: the orphans that it gets, and the processes that it ends.

use std::os::unix::process::ExitStatusExt;

use super::*;

/// Starts it as the first process of a PID namespace. The child is `unshare`, which ends as it does.
fn first_process(options: &[&str], fixture: &Fixture, command: &[&str]) -> Contender {
    let lockhost = under_lock(options, fixture.path(), command);
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    Contender::start(unshare.stdin(Stdio::piped()))
}

#[test]
#[cfg_attr(not_root, ignore = "only root can make a PID namespace")]
fn as_the_first_process_it_buries_orphans() {
    let fixture = Fixture::free();
    // The orphan's number is printed by its parent, which ends before it.
    let script = "orphan=$(sh -c 'sh -c : >/dev/null & echo $!'); n=0; \
                  while [ -e /proc/$orphan ] && [ $n -lt 100000 ]; do n=$((n+1)); done; \
                  test ! -e /proc/$orphan && echo buried $LOCKHOST_PID";
    let mut first = first_process(&[], &fixture, &["sh", "-c", script]);
    assert_eq!(first.line(), "buried 1");
    assert_eq!(first.end_of_input().code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root, ignore = "only root can make a PID namespace")]
fn as_the_first_process_it_passes_signals_on() {
    let fixture = Fixture::free();
    let mut first = first_process(&[], &fixture, &[HEARING]);
    let (_, parent) = ready(&mut first);
    assert_eq!(parent, 1);
    let children = format!("/proc/{0}/task/{0}/children", first.pid());
    let lockhost = fs::read_to_string(children).unwrap();
    let lockhost = lockhost.trim().parse().unwrap();
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        send(lockhost, signal).expect("it is there");
        assert_eq!(first.line(), format!("heard {name}"));
    }
    send(lockhost, Signal::USR2).expect("it is there");
    assert_eq!(first.end_of_input().code(), Some(3));
    assert!(fixture.files().is_empty());
}

#[test]
#[cfg_attr(not_root_or_no_strace, ignore = "root, or strace(1), is missing")]
fn all_in_a_namespace_end_before_its_first_process_releases() {
    let fixture = Fixture::free();
    let log = tempfile::NamedTempFile::new().unwrap();
    let script = format!("{HEARING} & read line; exit 4");
    let lockhost = under_lock(&[], fixture.path(), &["sh", "-c", &script]);
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-e", "trace=unlinkat", "-o"])
        .arg(log.path())
        .args(["unshare", "--pid", "--fork", "--kill-child", "--"])
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    let mut first = Contender::start(strace.stdin(Stdio::piped()));
    ready(&mut first);
    assert_eq!(first.end_of_input().code(), Some(4));
    assert!(fixture.files().is_empty());
    let log = fs::read_to_string(log.path()).unwrap();
    let line = |text| log.lines().position(|line| line.contains(text));
    let (killed, given_up) = (line("killed by SIGKILL"), line("unlinkat("));
    assert!(killed.is_some() && killed < given_up, "{log}");
}

/// Returns the pid of the program that `unshare` has started, as it is seen from here.
fn behind(unshare: &Contender) -> u32 {
    let children = format!("/proc/{0}/task/{0}/children", unshare.pid());
    until("it is started", || {
        fs::read_to_string(&children).is_ok_and(|it| !it.is_empty())
    });
    let lockhost = fs::read_to_string(children).unwrap();
    lockhost.trim().parse().unwrap()
}

fn children(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap()
}

/// Starts a command from outside in these namespaces of a process.
fn entering(pid: u32, namespaces: &[&str], command: &[&str]) -> Contender {
    let mut nsenter = Command::new("nsenter");
    nsenter
        .args(["--target", &pid.to_string()])
        .args(namespaces);
    Contender::start(nsenter.arg("--").args(command))
}

const INSIDE: [&str; 2] = ["--pid", "--mount"];

#[test]
#[cfg_attr(not_root, ignore = "only root can make a PID namespace")]
fn orphans_are_buried_while_a_lock_is_waited_for_and_held() {
    let fixture = Fixture::free();
    let lock = acquire(fixture.path()).unwrap();
    let mut first = first_process(&["--wait"], &fixture, &[]);
    let lockhost = behind(&first);
    until("it has begun", || {
        fixture.files().len() > 2 || watches(lockhost)
    });
    let leaves_an_orphan = || {
        // It ends once its parent has.
        let script = "sh -c 'while kill -0 $0 2>/dev/null; do :; done' $$ >/dev/null & echo left";
        let mut parent = entering(lockhost, &INSIDE, &["sh", "-c", script]);
        assert_eq!(parent.line(), "left");
        parent.end_of_input();
        until("the orphan is buried", || children(lockhost).is_empty());
    };
    leaves_an_orphan();
    lock.release().unwrap();
    assert!(first.line().starts_with("acquired "));
    leaves_an_orphan();
    send(lockhost, Signal::TERM).expect("it is there");
    assert_eq!(first.end_of_input().code(), Some(0));
}

#[test]
#[cfg_attr(not_root_or_no_strace, ignore = "root, or strace(1), is missing")]
fn what_came_in_from_outside_ends_before_the_release() {
    let fixture = Fixture::free();
    let log = tempfile::NamedTempFile::new().unwrap();
    let lockhost = under_lock(
        &[],
        fixture.path(),
        &["sh", "-c", "echo ready; read line; exit 4"],
    );
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-e", "trace=unlinkat,openat,kill", "-o"])
        .arg(log.path())
        .args([
            "unshare",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--",
        ])
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    kills_a_stranger(&mut strace);
    let log = fs::read_to_string(log.path()).unwrap();
    // After SIGKILL to all, the program checks which have not ended yet; then it releases the lock.
    let after = |from: usize, text: &str| {
        let found = log.lines().skip(from).position(|line| line.contains(text));
        from + found.unwrap_or_else(|| panic!("no {text} after line {from}: {log}"))
    };
    let killed = after(0, "kill(-1, SIGKILL)");
    let looked = after(killed, "\"/proc\"");
    after(looked, "unlinkat(");
}

/// Asserts that it prints no owner: it runs under no lock.
fn ready_alone(stranger: &mut Contender) {
    assert!(stranger.line().starts_with("ready "));
}

/// Runs the first process of a namespace under strace(1), with a process that enters from outside. Asserts that the first
/// process ends as its command does, and kills the other one.
fn kills_a_stranger(strace: &mut Command) {
    let mut first = Contender::start(strace.stdin(Stdio::piped()));
    assert_eq!(first.line(), "ready");
    let unshare: u32 = children(first.pid()).trim().parse().unwrap();
    let lockhost = children(unshare).trim().parse().unwrap();
    let mut stranger = entering(lockhost, &INSIDE, &[HEARING]);
    ready_alone(&mut stranger);
    assert_eq!(first.end_of_input().code(), Some(4));
    let ended = stranger.end_of_input();
    assert_eq!(ended.signal(), Some(Signal::KILL.as_raw()));
    assert_eq!(first.complaints(), "");
}

/// Starts a process of another user, which enters the namespace from outside.
fn of_another_user_beside(first: &Contender) -> Contender {
    let other = ["setpriv", "--reuid=1000", "--clear-groups", "sh", "-c"];
    let script = "echo ready; exec sleep 60";
    let mut stranger = entering(behind(first), &INSIDE, &[&other[..], &[script]].concat());
    assert_eq!(stranger.line(), "ready");
    stranger
}

#[test]
#[cfg_attr(no_namespaces, ignore = "namespaces cannot be made")]
fn what_cannot_be_ended_is_reported() {
    let fixture = Fixture::free();
    let script = "echo ready; read line; exit 4";
    let lockhost = under_lock(&[], fixture.path(), &["sh", "-c", script]);
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        // It may not end other users' processes.
        .args(["setpriv", "--bounding-set=-kill", "--"])
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    let mut first = Contender::start(unshare.stdin(Stdio::piped()));
    assert_eq!(first.line(), "ready");
    let _stranger = of_another_user_beside(&first);
    assert_eq!(first.end_of_input().code(), Some(4));
    let told = first.complaints();
    assert!(told.contains("cannot be ended by this user"), "{told}");
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
#[cfg_attr(not_root_or_no_strace, ignore = "root, or strace(1), is missing")]
fn a_process_that_the_signal_to_all_missed_is_killed() {
    let fixture = Fixture::free();
    let script = "echo ready; read line; exit 4";
    let lockhost = under_lock(&[], fixture.path(), &["sh", "-c", script]);
    let mut strace = Command::new("strace");
    // The signal to all is not sent, as if the stranger had entered after it.
    strace
        .args(["-f", "-qqq", "-o", "/dev/null", "-e", "trace=kill"])
        .args(["-e", "inject=kill:retval=0:when=1"])
        .args(["unshare", "--pid", "--fork", "--kill-child"])
        .args(["--mount-proc", "--"])
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    kills_a_stranger(&mut strace);
}

#[test]
#[cfg_attr(no_namespaces, ignore = "namespaces cannot be made")]
fn a_process_that_proc_hides_is_reported() {
    let fixture = Fixture::free();
    let script = "echo ready; read line; exit 4";
    let lockhost = under_lock(&[], fixture.path(), &["sh", "-c", script]);
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--pid", "--mount", "--fork", "--kill-child", "--"])
        .args(["sh", "-c"])
        .arg("mount -t proc -o hidepid=2,gid=1 proc /proc && exec \"$0\" \"$@\"")
        // It may neither end nor see other users' processes.
        .args(["setpriv", "--bounding-set=-kill,-sys_ptrace", "--"])
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    let mut first = Contender::start(unshare.stdin(Stdio::piped()));
    assert_eq!(first.line(), "ready");
    let _stranger = of_another_user_beside(&first);
    assert_eq!(first.end_of_input().code(), Some(4));
    let reported = first.complaints();
    assert!(reported.contains("it is not known whether"), "{reported}");
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

/// Returns a shell script that reports the numbers of these signals, until SIGUSR2 ends it.
fn trapping(signals: &[i32]) -> String {
    let traps = signals
        .iter()
        .map(|it| format!("trap 'echo heard {it}' {it}\n"));
    let traps: String = traps.collect();
    format!(
        "{traps}sleep 60 & pid=$!\ntrap 'kill $pid; exit 3' USR2\necho ready\nwhile kill -0 $pid; do wait $pid; done"
    )
}

/// Returns all signals except those that cannot be caught, of faults, of job control and of children. It also leaves
/// out the one that ends the test's command, and those that the C library reserves.
fn all_signals() -> Vec<i32> {
    let others = [4, 5, 7, 8, 9, 11, 12, 17, 18, 19, 20, 21, 22, 31, 32, 33];
    (1..=64).filter(|it| !others.contains(it)).collect()
}

fn send_number(pid: u32, number: i32) {
    let sent = Command::new("kill")
        .args([format!("-{number}"), pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn all_signals_that_can_be_caught_reach_the_command() {
    let fixture = Fixture::free();
    let signals = all_signals();
    let mut command = under_lock(&[], fixture.path(), &["sh", "-c", &trapping(&signals)]);
    let mut owner = Contender::start(&mut command);
    assert_eq!(owner.line(), "ready");
    for number in signals {
        send_number(owner.pid(), number);
        assert_eq!(owner.line(), format!("heard {number}"));
    }
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can make a PID namespace")]
fn all_signals_reach_the_command_of_the_first_process() {
    let fixture = Fixture::free();
    let signals = all_signals();
    let mut first = first_process(&[], &fixture, &["sh", "-c", &trapping(&signals)]);
    assert_eq!(first.line(), "ready");
    let lockhost = behind(&first);
    for number in signals {
        send_number(lockhost, number);
        assert_eq!(first.line(), format!("heard {number}"));
    }
    send(lockhost, Signal::USR2).expect("it is there");
    assert_eq!(first.end_of_input().code(), Some(3));
}

#[test]
#[cfg_attr(not_root, ignore = "only root can make a PID namespace")]
fn the_first_process_releases_by_any_stop_signal() {
    for number in [3, 10, 30, 37] {
        let fixture = Fixture::free();
        let mut first = first_process(&[], &fixture, &[]);
        assert!(first.line().starts_with("acquired "));
        send_number(behind(&first), number);
        assert_eq!(first.end_of_input().code(), Some(0), "{number}");
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}
