//! A command under the lock: its start, the signals that reach it, its end, and which process keeps the directory when.
//!
//! On Linux alone: signals, terminals and process groups, and parents and children in proc(5).
#![cfg(target_os = "linux")]

mod dead_mounts;
mod deadman;
mod first_process;
mod jobs;
mod keys;
mod limits;
mod supervision;
mod unheard;

use std::{
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use lockhost::{AliveReason, ErrorKind, Liveness, State, acquire, inspect};
use lockhost_tests::{
    contender::{Contender, send},
    fixture::Fixture,
    strace::log_of,
    terminal::Terminal,
    under_lock::{numbers, passes_on, ready, under_lock, until, watches},
};
use rustix::process::Signal;

const HEARING: &str = env!("CARGO_BIN_EXE_hearing");

fn hearing(options: &[&str], directory: &Path) -> Contender {
    Contender::start(&mut under_lock(options, directory, &[HEARING]))
}

fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

/// Runs it to its end. Returns the code, its output, and lockhost's messages.
fn run(options: &[&str], fixture: &Fixture, command: &[&str]) -> (Option<i32>, String, String) {
    let output = under_lock(options, fixture.path(), command)
        .output()
        .unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    (output.status.code(), out, err)
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn the_start_of_a_command_copies_no_memory() {
    let fixture = Fixture::free();
    let mut command = Command::new(lockhost_tests::program::lockhost());
    command.arg("acquire").arg(fixture.path());
    let (_, log) = log_of(&["-f"], command.args(["--", "true"]));
    let own = log.split_once(' ').unwrap().0;
    let calls = log.lines().filter_map(|line| line.strip_prefix(own));
    let calls: Vec<_> = calls.map(str::trim_start).collect();
    let forks = ["clone", "fork", "vfork"];
    let forks: Vec<_> = calls
        .iter()
        .filter(|it| forks.iter().any(|kind| it.starts_with(kind)))
        .collect();
    assert_eq!(forks.len(), 1, "{forks:?}");
    assert!(forks[0].contains("CLONE_VM|CLONE_VFORK"), "{forks:?}");
    // SIGPIPE and SIGCHLD. Of no other signal is it asked whether it is ignored, until one arrives.
    let signals = calls.iter().filter(|it| it.starts_with("rt_sigaction("));
    assert_eq!(signals.count(), 2, "{calls:#?}");
}

#[test]
fn the_exit_code_is_the_commands() {
    let fixture = Fixture::free();
    for code in [0, 1, 2, 75, 255] {
        let ended = run(&[], &fixture, &["sh", "-c", &format!("exit {code}")]);
        assert_eq!(ended, (Some(code), String::new(), String::new()));
    }
    for (signal, code) in [("TERM", 143), ("KILL", 137), ("INT", 130)] {
        let ended = run(&[], &fixture, &["sh", "-c", &format!("kill -{signal} $$")]);
        assert_eq!(ended.0, Some(code), "{signal}: {ended:?}");
    }
}

#[test]
fn what_cannot_be_run_is_told_as_a_shell_tells_it() {
    let fixture = Fixture::free();
    let file = tempfile::NamedTempFile::new().unwrap();
    let plain = file.path().to_str().unwrap();
    for (command, code, why) in [
        ("/nowhere/at all", 127, "No such file"),
        ("no-such-command-anywhere", 127, "No such file"),
        (plain, 126, "Permission denied"),
        ("/", 126, "Permission denied"),
    ] {
        let (ended, _, told) = run(&[], &fixture, &[command]);
        assert_eq!(ended, Some(code), "{told}");
        assert!(told.contains(command) && told.contains(why), "{told}");
    }
}

#[test]
fn a_script_without_a_first_line_runs_as_under_env() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::free();
    let tools = Fixture::free().with("script", "exit 5\n");
    let script = tools.path().join("script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let (code, _, told) = run(&[], &fixture, &[script.to_str().unwrap()]);
    assert_eq!((code, told.as_str()), (Some(5), ""));
}

#[test]
fn standard_streams_are_the_commands_own() {
    let fixture = Fixture::free();
    let input = tempfile::NamedTempFile::new().unwrap();
    fs::write(input.path(), "through").unwrap();
    let output = under_lock(&[], fixture.path(), &["sh", "-c", "cat; echo beside >&2"])
        .stdin(fs::File::open(input.path()).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"through");
    assert_eq!(output.stderr, b"beside\n");
}

#[test]
fn a_command_sees_where_the_lock_is_and_whose() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("data");
    fs::create_dir(&directory).unwrap();
    let print = "echo $LOCKHOST_DIR; echo $LOCKHOST_LOCK; echo $LOCKHOST_PID $PPID; cat data/x.pid";
    let output = under_lock(&["--name=x.pid"], Path::new("data"), &["sh", "-c", print])
        .current_dir(fixture.path())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = told.lines().collect();
    let directory = directory.to_str().unwrap();
    assert_eq!(lines[..2], [directory, &format!("{directory}/x.pid")]);
    assert_eq!(lines[2], format!("{0} {0}", lines[3]));
}

/// Returns the signals that a command finds blocked and ignored when this starts it.
fn signals_under(starter: &[&str], before: &Command) -> Vec<(String, u64)> {
    // The C library reserves these two when a program starts its first thread.
    const C_LIBRARYS: u64 = 1 << 31 | 1 << 32;
    let mut command = Command::new(before.get_program());
    command.args(before.get_args()).args(starter).args([
        "grep",
        "-E",
        "SigBlk|SigIgn",
        "/proc/self/status",
    ]);
    let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let sets = told.lines().map(|line| line.split_once(":\t").unwrap());
    sets.map(|(name, set)| {
        let set = u64::from_str_radix(set, 16).unwrap();
        (name.to_owned(), set & !C_LIBRARYS)
    })
    .collect()
}

#[test]
fn signals_are_ignored_and_blocked_in_the_command_as_under_env() {
    let fixture = Fixture::free();
    let program = lockhost_tests::program::lockhost();
    let [program, directory] = [program.as_path(), fixture.path()].map(|it| it.to_str().unwrap());
    for orders in [
        &["--default-signal"][..],
        &["--default-signal", "--ignore-signal=PIPE,CHLD,INT,TSTP"],
        &["--default-signal", "--block-signal=TERM,USR1,CHLD"],
    ] {
        let mut before = Command::new("env");
        before.args(orders);
        let under_env = signals_under(&["env"], &before);
        let under_lock = signals_under(&[program, "acquire", directory, "--"], &before);
        assert_eq!(under_lock, under_env);
        assert_eq!(under_env.len(), 2, "{under_env:?}");
    }
}

#[test]
fn a_parent_that_ignores_sigchld_does_not_hide_the_exit_code() {
    let fixture = Fixture::free();
    let status = Command::new("env")
        .arg("--ignore-signal=CHLD")
        .arg(lockhost_tests::program::lockhost())
        .arg("acquire")
        .arg(fixture.path())
        .args(["--", "sh", "-c", "exit 6"])
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(6));
}

#[test]
fn signals_that_are_sent_to_it_are_passed_on_once() {
    let fixture = Fixture::free();
    let mut command = under_lock(&[], fixture.path(), &[HEARING]);
    let mut owner = Contender::start(&mut command);
    let (own, lock) = ready(&mut owner);
    assert_eq!(lock, owner.pid());
    assert_ne!(own, lock);
    let signals = [
        (Signal::TERM, "SIGTERM"),
        (Signal::INT, "SIGINT"),
        (Signal::HUP, "SIGHUP"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::WINCH, "SIGWINCH"),
        (Signal::CONT, "SIGCONT"),
    ];
    passes_on(&mut owner, &signals);
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    assert_eq!(owner.line(), "");
    assert!(fixture.files().is_empty());
}

#[test]
fn what_a_command_sends_to_its_whole_group_it_hears_once() {
    let fixture = Fixture::free();
    let mut command = under_lock(&[], fixture.path(), &[HEARING, "all"]);
    let mut owner = Contender::start(command.process_group(0));
    ready(&mut owner);
    assert_eq!(owner.line(), "heard SIGTERM");
    owner.signal(Signal::USR1);
    assert_eq!(owner.line(), "heard SIGUSR1", "and not SIGTERM once more");
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
}

#[test]
fn the_lock_is_held_until_the_commands_last_moment() {
    let fixture = Fixture::free();
    // A process that acquires the lock beside another one finds the directory there.
    let witness = fixture.path().join("witness");
    let witness = witness.to_str().unwrap();
    let alone = format!("mkdir {witness} || exit 9; trap 'rmdir {witness}' EXIT; :");
    let mut owners: Vec<_> = (0..16)
        .map(|_| under_lock(&["--wait"], fixture.path(), &["sh", "-c", &alone]))
        .map(|mut command| command.spawn().unwrap())
        .collect();
    for owner in &mut owners {
        assert_eq!(owner.wait().unwrap().code(), Some(0));
    }
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}

#[test]
fn the_command_of_a_killed_owner_keeps_the_directory() {
    let fixture = Fixture::free();
    let mut owner = hearing(&[], fixture.path());
    let (command, lock) = ready(&mut owner);
    owner.end(Signal::KILL);
    assert_eq!(owner.line(), "heard SIGTERM");
    let refused = acquire(fixture.path()).unwrap_err();
    let holder = refused.holder().unwrap();
    assert_eq!(holder.pid(), Some(lock));
    assert_eq!(holder.liveness(), Liveness::Alive(AliveReason::Evidence));
    let [keeper] = holder.keepers() else {
        panic!("{:?}", holder.keepers());
    };
    assert_eq!((keeper.pid(), keeper.command()), (command, "hearing"));
    let told = format!(": kept by pid {command} (hearing)");
    assert!(refused.to_string().contains(&told), "{refused}");
    send(command, Signal::USR2).expect("it is there");
    until("it has ended", || acquire(fixture.path()).is_ok());
    assert!(fixture.files().is_empty());
}

#[test]
fn a_descendant_keeps_the_directory_of_a_killed_owner_too() {
    let fixture = Fixture::free();
    let script = format!("{HEARING} & wait; exec true");
    let mut owner = Contender::start(&mut under_lock(&[], fixture.path(), &["sh", "-c", &script]));
    let (descendant, _) = ready(&mut owner);
    owner.end(Signal::KILL);
    until("only the descendant is left", || {
        let refused = acquire(fixture.path()).unwrap_err();
        refused.holder().unwrap().keepers().len() == 1
    });
    let refused = acquire(fixture.path()).unwrap_err();
    assert_eq!(refused.holder().unwrap().keepers()[0].pid(), descendant);
    send(descendant, Signal::USR2).expect("it is there");
    until("it has ended", || acquire(fixture.path()).is_ok());
}

#[test]
fn with_close_the_command_keeps_nothing() {
    let fixture = Fixture::free();
    let mut owner = hearing(&["--close"], fixture.path());
    let (command, lock) = ready(&mut owner);
    owner.end(Signal::KILL);
    assert_eq!(owner.line(), "heard SIGTERM");
    let taken = acquire(fixture.path()).unwrap();
    assert_eq!(taken.replaced()[0].pid(), Some(lock));
    assert!(!is_gone(command));
    send(command, Signal::USR2).expect("it is there");
}

/// Starts a command that ends at once and leaves a descendant.
fn leaving(options: &[&str], fixture: &Fixture) -> (Contender, u32) {
    let script = format!("{HEARING} & exit 4");
    let mut command = under_lock(options, fixture.path(), &["sh", "-c", &script]);
    let mut owner = Contender::start(&mut command);
    let (descendant, _) = ready(&mut owner);
    (owner, descendant)
}

#[test]
fn a_descendant_that_outlives_the_command_is_left_to_itself() {
    let fixture = Fixture::free();
    let (mut owner, descendant) = leaving(&[], &fixture);
    assert_eq!(owner.end_of_input().code(), Some(4));
    assert!(!is_gone(descendant));
    // It has the descriptor, which means nothing once the lock was released.
    assert!(fixture.files().is_empty());
    acquire(fixture.path()).unwrap().release().unwrap();
    send(descendant, Signal::USR2).expect("it is there");
}

#[test]
fn with_all_descendants_keep_the_lock_and_hear_signals() {
    let fixture = Fixture::free();
    let (mut owner, descendant) = leaving(&["--all"], &fixture);
    let children = format!("/proc/{0}/task/{0}/children", owner.pid());
    until("the command is buried, and its orphan adopted", || {
        fs::read_to_string(&children).unwrap().trim() == descendant.to_string()
    });
    let held = inspect(fixture.path(), lockhost::DEFAULT_NAME).unwrap();
    assert_eq!(held.state(), State::Held);
    owner.signal(Signal::TERM);
    assert_eq!(owner.line(), "heard SIGTERM");
    assert_eq!(owner.end(Signal::USR2).code(), Some(4));
    assert!(fixture.files().is_empty());
}

#[test]
fn orders_for_a_command_without_one_are_wrong_usage() {
    let fixture = Fixture::free();
    for option in ["--close", "--all"] {
        let output = under_lock(&[option], fixture.path(), &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{option}");
    }
    let output = under_lock(&["--until-stdin-closes"], fixture.path(), &["true"]).output();
    assert_eq!(output.unwrap().status.code(), Some(2));
    assert!(fixture.files().is_empty());
}

#[test]
fn without_a_command_the_end_of_standard_input_can_end_it() {
    let fixture = Fixture::free();
    let mut command = under_lock(&["--until-stdin-closes"], fixture.path(), &[]);
    let mut owner = Contender::start(command.stdin(Stdio::piped()));
    assert!(owner.line().starts_with("acquired "));
    owner.go_on();
    assert_eq!(
        acquire(fixture.path()).unwrap_err().kind(),
        ErrorKind::Held,
        "what comes there is not its end"
    );
    assert_eq!(owner.end_of_input().code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
fn a_missing_directory_is_made_if_that_is_wanted() {
    let fixture = Fixture::free();
    let missing = fixture.path().join("a/b");
    let path = missing.to_str().unwrap();
    let told = format!("test \"$LOCKHOST_DIR\" = {path}");
    let output = under_lock(&[], &missing, &["sh", "-c", &told]).output();
    assert_eq!(output.unwrap().status.code(), Some(1));
    for _ in 0..2 {
        let output = under_lock(&["--mkdir"], &missing, &["sh", "-c", &told]).output();
        assert_eq!(output.unwrap().status.code(), Some(0));
    }
    assert_eq!(fs::read_dir(&missing).unwrap().count(), 0);
}

#[test]
fn beside_a_command_it_is_quiet_unless_told_otherwise() {
    let lock = |fixture: &Fixture| fixture.lock().to_str().unwrap().to_owned();
    let told = |options: &[&str], command: &[&str]| {
        let fixture = Fixture::stale();
        let (code, out, err) = run(options, &fixture, command);
        assert_eq!(code, Some(0));
        (out, err.replace(&lock(&fixture), "LOCK"))
    };
    let replaced = "lockhost: replaced LOCK: stale lockfile (dead pid 999999999)\n";
    assert_eq!(told(&[], &["true"]), (String::new(), replaced.to_owned()));
    assert_eq!(told(&["-q"], &["true"]), (String::new(), String::new()));
    let (out, err) = told(&["-v"], &["true"]);
    assert!(out.is_empty());
    let lines: Vec<_> = err.lines().collect();
    assert_eq!(lines[0], replaced.trim_end());
    assert!(
        lines[1].starts_with("lockhost: acquired LOCK (pid "),
        "{err}"
    );
    assert_eq!(lines[2..], ["lockhost: released LOCK"]);
}

#[test]
fn a_name_comes_from_the_environment_where_none_is_given() {
    let fixture = Fixture::free();
    for (options, name) in [
        (&[][..], "from.pid"),
        (&["--name=given.lock"], "given.lock"),
    ] {
        let output = under_lock(
            options,
            fixture.path(),
            &["sh", "-c", "echo $LOCKHOST_LOCK"],
        )
        .env("LOCKHOST_NAME", "from.pid")
        .output()
        .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.trim_end().ends_with(name), "{told}");
    }
}
