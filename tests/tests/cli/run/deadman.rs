//! A command beside a coordinator: it is ended before another owner may come, whatever ends lockhost or its deadman.

use std::{
    env,
    ffi::OsString,
    os::unix::{net::UnixDatagram, process::ExitStatusExt},
    path::PathBuf,
    process::{ExitStatus, Output},
};

use lockhost_tests::program;

use super::*;

mod containment;

/// The coordinator's program, in whose folder lockhost finds it.
const MEMORY: &str = env!("CARGO_BIN_EXE_lockhost-memory");

/// A deadline that a busy machine keeps, with K 1 s.
const SHORT: [&str; 4] = [
    "--deadline=4s",
    "--confirm-timeout=500ms",
    "--confirm-period=100ms",
    "--stop-time=1s",
];

/// A directory, and the folder by which its coordinator is controlled.
struct Share {
    fixture: Fixture,
    control: tempfile::TempDir,
}

impl Share {
    fn new() -> Self {
        Self {
            fixture: Fixture::free(),
            control: tempfile::tempdir().unwrap(),
        }
    }

    fn lockhost(&self, options: &[&str], command: &[&str]) -> Command {
        let address = format!("memory://{}?directory=data", self.control.path().display());
        let mut lockhost = under_lock(options, self.fixture.path(), command);
        lockhost
            .env("LOCKHOST_COORDINATOR", address)
            .env("PATH", path());
        lockhost
    }

    fn start(&self, options: &[&str], command: &[&str]) -> Contender {
        Contender::start(&mut self.lockhost(options, command))
    }

    fn run(&self, options: &[&str], command: &[&str]) -> Output {
        let output = self.lockhost(options, command).output().unwrap();
        assert!(
            self.fixture.files().is_empty(),
            "{:?}",
            self.fixture.files()
        );
        output
    }

    /// Makes the coordinator `cut` or `gone`.
    fn is(&self, what: &str) {
        fs::write(self.control.path().join(what), "").unwrap();
    }
}

/// Returns the variable PATH with the coordinator's program.
fn path() -> OsString {
    let own = Path::new(MEMORY).parent().unwrap().to_owned();
    let others = env::var_os("PATH").unwrap_or_default();
    env::join_paths([own].into_iter().chain(env::split_paths(&others))).unwrap()
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

/// Returns messages without the warning of a machine, or for a user, that has neither cgroups nor namespaces.
fn without_warning(messages: &str) -> String {
    let warning = "lockhost: warning: COMMAND's processes are not killed as a whole";
    let lines = messages.lines().filter(|line| !line.starts_with(warning));
    lines.map(|line| format!("{line}\n")).collect()
}

fn parent_of(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    line.unwrap().trim().parse().unwrap()
}

/// Waits until a process has ended, which no process here may wait for.
fn gone(pid: u32) {
    until("the process has ended", || is_over(pid));
}

fn is_over(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .map(|(_, rest)| rest.starts_with('Z'));
    state.unwrap_or(true)
}

/// Waits until lockhost has ended by itself.
fn ended(contender: &mut Contender) -> ExitStatus {
    loop {
        if let Some(status) = contender.try_end() {
            return status;
        }
        std::thread::yield_now();
    }
}

/// Returns the cgroups that a lockhost has left.
fn cgroups(lockhost: u32) -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let points = mounts.lines().filter(|line| line.contains(" - cgroup2 "));
    let points = points.filter_map(|line| line.split(' ').nth(4).map(PathBuf::from));
    let own = fs::read_to_string("/proc/self/cgroup").unwrap();
    let own = own
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))
        .unwrap_or_default()
        .to_owned();
    let entries = points.flat_map(|point| {
        fs::read_dir(point.join(&own))
            .into_iter()
            .flatten()
            .flatten()
    });
    let prefix = format!("lockhost-command-{lockhost}-");
    let named = entries.filter(|it| it.file_name().to_string_lossy().starts_with(&prefix));
    named.map(|it| it.path()).collect()
}

#[test]
fn a_command_beside_a_coordinator_gets_its_exit_code() {
    let share = Share::new();
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143)] {
        let output = share.run(&[], &["sh", "-c", script]);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{script}: {}",
            text(&output.stderr)
        );
        assert_eq!(without_warning(&text(&output.stderr)), "", "{script}");
    }
    for (program, code) in [("/missing", 127), ("/", 126)] {
        let output = share.run(&[], &[program]);
        let message = without_warning(&text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{message}");
        let expected = format!("lockhost: cannot run {program}: ");
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn a_command_beside_a_coordinator_knows_its_token() {
    let share = Share::new();
    let script = "echo $LOCKHOST_FENCE $LOCKHOST_FENCE_EPOCH $LOCKHOST_DIR";
    let output = share.run(&[], &["sh", "-c", script]);
    let out = text(&output.stdout);
    let words: Vec<_> = out.split_whitespace().collect();
    let [token, epoch, directory] = words[..] else {
        panic!("{out} {}", text(&output.stderr))
    };
    assert!(token.parse::<u64>().unwrap() > 0);
    assert!(
        epoch.parse::<lockhost::coordinator::Incarnation>().is_ok(),
        "{epoch}"
    );
    assert_eq!(Path::new(directory), share.fixture.path());
}

#[test]
fn a_command_without_a_coordinator_gets_no_other_token() {
    let fixture = Fixture::free();
    let script = "echo \"$LOCKHOST_FENCE$LOCKHOST_FENCE_EPOCH\"";
    let mut lockhost = under_lock(&[], fixture.path(), &["sh", "-c", script]);
    lockhost
        .env("LOCKHOST_FENCE", "7")
        .env("LOCKHOST_FENCE_EPOCH", "8");
    assert_eq!(text(&lockhost.output().unwrap().stdout), "\n");
}

#[test]
fn a_command_beside_a_coordinator_holds_the_lock() {
    let share = Share::new();
    let lockhost = program::lockhost();
    let command = [
        program::text(&lockhost),
        "holds",
        "--verbose",
        program::text(share.fixture.path()),
    ];
    let output = share.run(&[], &command);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("runs under it"), "{output:?}");
}

#[test]
fn what_a_command_inherits_is_the_same_beside_a_coordinator() {
    let share = Share::new();
    let script = "umask; pwd; ls -l /proc/self/fd | grep -c tinyforge; grep Sig[BI] /proc/self/status | grep -o '.......$'; echo $NOTIFY_SOCKET";
    let command = ["sh", "-c", script];
    let place = tempfile::tempdir().unwrap();
    let run = |mut lockhost: Command| {
        let output = lockhost
            .current_dir(&place)
            .env("NOTIFY_SOCKET", "/missing")
            .output()
            .unwrap();
        text(&output.stdout)
    };
    let with = run(share.lockhost(&["--quiet"], &command));
    let without = run(under_lock(&["--quiet"], share.fixture.path(), &command));
    assert_eq!(with, without);
    assert!(with.contains("\n1\n"), "{with}");
}

#[test]
fn signals_reach_a_command_beside_a_coordinator() {
    let share = Share::new();
    let mut owner = share.start(&[], &[HEARING]);
    let (command, lockhost) = ready(&mut owner);
    assert_eq!(parent_of(parent_of(command)), lockhost);
    let signals = [
        (Signal::TERM, "SIGTERM"),
        (Signal::HUP, "SIGHUP"),
        (Signal::USR1, "SIGUSR1"),
    ];
    passes_on(&mut owner, &signals);
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    assert_eq!(cgroups(lockhost), [] as [PathBuf; 0]);
}

#[test]
fn a_command_that_signals_its_group_hears_that_once() {
    let share = Share::new();
    let mut lockhost = share.lockhost(&[], &[HEARING, "all"]);
    let mut owner = Contender::start(lockhost.process_group(0));
    ready(&mut owner);
    assert_eq!(owner.line(), "heard SIGTERM");
    owner.signal(Signal::USR1);
    assert_eq!(owner.line(), "heard SIGUSR1");
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
}

#[test]
fn a_stopped_command_beside_a_coordinator_can_be_ended() {
    let share = Share::new();
    let mut owner = share.start(&[], &[HEARING]);
    let (command, lockhost) = ready(&mut owner);
    send(command, Signal::STOP).unwrap();
    let is = |pid: u32, state: char| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with(state)
    };
    until("it is stopped", || is(command, 'T'));
    owner.signal(Signal::TERM);
    let heard = [owner.line(), owner.line()];
    assert!(heard.contains(&"heard SIGTERM".to_owned()), "{heard:?}");
    assert!(!is(lockhost, 'T'));
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
}

#[test]
fn a_command_ends_when_its_renewer_is_killed() {
    let share = Share::new();
    let script = "setsid sleep 60 >/dev/null 2>&1 & echo $!; exec \"$0\"";
    let mut owner = share.start(&[], &["sh", "-c", script, HEARING]);
    let descendant: u32 = owner.line().parse().unwrap();
    let (command, lockhost) = ready(&mut owner);
    let deadman = parent_of(command);
    owner.kill();
    for pid in [command, descendant, deadman] {
        gone(pid);
    }
    assert_eq!(cgroups(lockhost), [] as [PathBuf; 0]);
}

#[test]
fn a_command_ends_when_its_deadman_is_killed() {
    let share = Share::new();
    let script = "setsid sleep 60 >/dev/null 2>&1 & echo $!; exec \"$0\"";
    let mut owner = share.start(&[], &["sh", "-c", script, HEARING]);
    let descendant: u32 = owner.line().parse().unwrap();
    let (command, lockhost) = ready(&mut owner);
    send(parent_of(command), Signal::KILL).unwrap();
    let status = ended(&mut owner);
    assert_eq!(status.code(), Some(137));
    let message = owner.complaints();
    assert!(
        message.contains("the deadman ended before COMMAND"),
        "{message}"
    );
    assert!(is_over(command) && is_over(descendant));
    assert!(
        share.fixture.files().is_empty(),
        "{:?}",
        share.fixture.files()
    );
    assert_eq!(cgroups(lockhost), [] as [PathBuf; 0]);
}

#[test]
fn a_command_ends_when_its_renewer_is_stopped() {
    let share = Share::new();
    let mut owner = share.start(&SHORT, &[HEARING]);
    let (command, lockhost) = ready(&mut owner);
    send(lockhost, Signal::STOP).unwrap();
    assert_eq!(owner.line(), "heard SIGTERM");
    gone(command);
    send(lockhost, Signal::CONT).unwrap();
    let status = ended(&mut owner);
    assert!(!status.success() && status.signal().is_none(), "{status:?}");
}

#[test]
fn a_command_ends_though_its_deadman_is_stopped() {
    let share = Share::new();
    let mut owner = share.start(&SHORT, &[HEARING]);
    let (command, _) = ready(&mut owner);
    send(parent_of(command), Signal::STOP).unwrap();
    share.is("cut");
    let status = ended(&mut owner);
    assert_eq!(status.code(), Some(137), "{}", owner.complaints());
    assert!(is_over(command));
}

#[test]
fn a_coordinator_gone_for_good_ends_the_command() {
    let share = Share::new();
    let mut owner = share.start(&SHORT, &[HEARING]);
    let (command, lockhost) = ready(&mut owner);
    share.is("cut");
    assert_eq!(owner.line(), "heard SIGTERM");
    let status = ended(&mut owner);
    assert_eq!(status.code(), Some(137));
    let message = owner.complaints();
    assert!(
        message.contains("cut off), so COMMAND was asked to end"),
        "{message}"
    );
    assert!(message.contains("so COMMAND was killed"), "{message}");
    assert!(is_over(command));
    assert_eq!(cgroups(lockhost), [] as [PathBuf; 0]);
}

#[test]
fn a_command_that_ends_when_asked_is_no_success() {
    let share = Share::new();
    let script = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done";
    let mut owner = share.start(&SHORT, &["sh", "-c", script]);
    assert_eq!(owner.line(), "ready");
    share.is("cut");
    assert_eq!(ended(&mut owner).code(), Some(1), "{}", owner.complaints());
}

#[test]
fn a_command_is_killed_at_once_when_its_session_is_gone() {
    let share = Share::new();
    let mut owner = share.start(&[], &[HEARING]);
    let (command, _) = ready(&mut owner);
    share.is("gone");
    let status = ended(&mut owner);
    assert_eq!(status.code(), Some(137));
    let message = without_warning(&owner.complaints());
    assert!(
        message.contains("the session is gone from the coordinator"),
        "{message}"
    );
    assert_eq!(message.lines().count(), 2, "{message}");
    assert!(is_over(command));
    assert!(
        share.fixture.files().is_empty(),
        "{:?}",
        share.fixture.files()
    );
}

#[test]
fn a_lock_file_that_is_removed_kills_a_guarded_command() {
    let share = Share::new();
    let mut owner = share.start(&[], &[HEARING]);
    let (command, _) = ready(&mut owner);
    fs::remove_file(share.fixture.lock()).unwrap();
    assert_eq!(ended(&mut owner).code(), Some(137));
    assert!(is_over(command));
}

#[test]
fn what_a_guarded_command_leaves_is_killed_before_the_release() {
    let share = Share::new();
    let script = "setsid sleep 60 >/dev/null 2>&1 & echo $!; exit 4";
    let mut owner = share.start(&[], &["sh", "-c", script]);
    let descendant: u32 = owner.line().parse().unwrap();
    assert_eq!(ended(&mut owner).code(), Some(4));
    assert!(is_over(descendant));
}

#[test]
fn a_guarded_commands_descendants_are_waited_for() {
    let share = Share::new();
    let script = "setsid sh -c 'read line; echo end $line' <&3 & exit 4";
    let script = format!("exec 3<&0; {script}");
    let mut lockhost = share.lockhost(&["--all"], &["sh", "-c", &script]);
    let mut owner = Contender::start(lockhost.stdin(Stdio::piped()));
    assert_eq!(owner.try_end(), None);
    owner.go_on();
    assert_eq!(owner.line(), "end");
    assert_eq!(ended(&mut owner).code(), Some(4));
}

#[test]
fn a_deadman_lets_go_of_everything_on_the_share() {
    let share = Share::new();
    let out = share.fixture.path().join("out");
    let mut lockhost = share.lockhost(&[], &[HEARING]);
    lockhost.current_dir(share.fixture.path());
    let mut child = lockhost
        .stdout(fs::File::create(&out).unwrap())
        .spawn()
        .unwrap();
    until("it is ready", || {
        fs::read_to_string(&out).unwrap().ends_with('\n')
    });
    let (command, _) = numbers(fs::read_to_string(&out).unwrap().trim_end());
    let deadman = format!("/proc/{}", parent_of(command));
    until("it has gone to the root", || {
        fs::read_link(format!("{deadman}/cwd")).unwrap() == Path::new("/")
    });
    until("it has no descriptor there", || {
        let open = fs::read_dir(format!("{deadman}/fd")).unwrap().flatten();
        let links = open.filter_map(|it| fs::read_link(it.path()).ok());
        links
            .into_iter()
            .all(|it| !it.starts_with(share.fixture.path()))
    });
    send(child.id(), Signal::USR2).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn close_is_refused_beside_a_coordinator() {
    let share = Share::new();
    let (code, message) = program::ended(share.run(&["--close"], &["true"]));
    assert_eq!(code, Some(1));
    assert!(
        message.contains("--close cannot be used with --coordinator"),
        "{message}"
    );
}

#[test]
fn an_owner_without_a_command_ends_when_its_session_is_gone() {
    for (what, why) in [("gone", "session"), ("cut", "cut off")] {
        let share = Share::new();
        let mut owner = share.start(&SHORT, &[]);
        assert!(owner.line().starts_with("acquired "));
        share.is(what);
        assert_eq!(ended(&mut owner).code(), Some(1));
        let message = owner.complaints();
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn each_confirm_feeds_the_watchdog_of_a_service_manager() {
    let share = Share::new();
    let place = tempfile::tempdir().unwrap();
    let socket = UnixDatagram::bind(place.path().join("notify")).unwrap();
    for command in [&[HEARING][..], &[]] {
        let mut lockhost = share.lockhost(&["--confirm-period=100ms"], command);
        lockhost.env("NOTIFY_SOCKET", place.path().join("notify"));
        lockhost
            .env("WATCHDOG_USEC", "60000000")
            .env_remove("WATCHDOG_PID");
        let mut owner = Contender::start(&mut lockhost);
        let mut fed = 0;
        while fed < 3 {
            let mut message = [0; 4096];
            let length = socket.recv(&mut message).unwrap();
            fed += usize::from(&message[..length] == b"WATCHDOG=1\n");
        }
        match command.is_empty() {
            true => assert_eq!(owner.end(Signal::TERM).code(), Some(0)),
            false => assert_eq!(owner.end(Signal::USR2).code(), Some(3)),
        }
        drop(owner);
    }
}
