//! What a command runs in, so that it ends with all its descendants: a cgroup, a PID namespace, or nothing of both.

use super::*;

/// Returns the descendants of a process, but not the coordinator's program.
fn descendants(ancestor: u32) -> Vec<u32> {
    let pids = || fs::read_dir("/proc").unwrap().flatten();
    let pids = pids().filter_map(|it| it.file_name().to_str()?.parse().ok());
    let parents: Vec<(u32, u32)> = pids
        .filter(|pid| {
            fs::read_to_string(format!("/proc/{pid}/comm"))
                .is_ok_and(|it| it != "lockhost-memory\n")
        })
        .filter_map(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let (_, behind) = stat.rsplit_once(") ")?;
            Some((pid, behind.split(' ').nth(1)?.parse().ok()?))
        })
        .collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(
            parents
                .iter()
                .filter(|(_, it)| *it == parent)
                .map(|(pid, _)| *pid),
        );
        next += 1;
    }
    found.split_off(1)
}

/// Returns the same command where no cgroup can be seen, after this script.
fn without_cgroup(lockhost: &Command, then: &str) -> Command {
    // A file system over all cgroups hides them.
    let script = format!("mount -t tmpfs none /sys/fs/cgroup && exec {then} \"$@\"");
    let mut hidden = Command::new("unshare");
    hidden.args(["--mount", "sh", "-c", &script, "sh"]);
    hidden.arg(lockhost.get_program()).args(lockhost.get_args());
    for (name, value) in lockhost.get_envs() {
        hidden.env(name, value.unwrap());
    }
    hidden
}

/// Drops the capability that namespaces need.
const WEAKER: &str = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin";

/// Kills lockhost or the deadman, and checks that all else ends.
fn everything_ends(share: &Share, start: impl Fn(&Command) -> Command, levels: usize) {
    let script = "setsid sleep 60 >/dev/null 2>&1 & exec \"$0\"";
    let lockhost = share.lockhost(&["--quiet"], &["sh", "-c", script, HEARING]);
    for kills_lockhost in [true, false] {
        let mut owner = Contender::start(&mut start(&lockhost));
        let (_, lockhost) = ready(&mut owner);
        until("all of them run", || descendants(lockhost).len() == levels);
        let all = descendants(lockhost);
        let killed = if kills_lockhost { lockhost } else { all[0] };
        send(killed, Signal::KILL).unwrap();
        all.into_iter().for_each(gone);
        drop(owner);
        gone(lockhost);
        // As a dead owner leaves them.
        for file in share.fixture.files() {
            fs::remove_file(share.fixture.path().join(file)).unwrap();
        }
    }
}

#[test]
#[cfg_attr(no_namespaces, ignore = "no namespaces may be made")]
fn without_a_cgroup_a_command_has_a_pid_namespace() {
    let share = Share::new();
    let start = |lockhost: &Command| without_cgroup(lockhost, "");
    // The deadman, the first process, the command and its descendant.
    everything_ends(&share, start, 4);
    for (script, code) in [
        ("exit 7", 7),
        ("exit 0", 0),
        ("kill -TERM $$", 143),
        ("setsid sleep 60 & exit 5", 5),
    ] {
        let output = start(&share.lockhost(&[], &["sh", "-c", script]))
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{script}: {}",
            text(&output.stderr)
        );
        assert_eq!(text(&output.stderr), "", "{script}");
    }
    let output = start(&share.lockhost(&[], &["/missing"])).output().unwrap();
    assert_eq!(output.status.code(), Some(127), "{output:?}");
    let script = "echo $$; ps -e -o comm=; ls /proc/self/fd | wc -l";
    let output = start(&share.lockhost(&[], &["sh", "-c", script]))
        .output()
        .unwrap();
    let out = text(&output.stdout);
    assert!(out.starts_with("2\ndeadman\nsh\n"), "{out}");
}

#[test]
#[cfg_attr(no_namespaces, ignore = "no namespaces may be made")]
fn signals_and_deadlines_reach_a_pid_namespace() {
    let share = Share::new();
    let mut owner = Contender::start(&mut without_cgroup(&share.lockhost(&SHORT, &[HEARING]), ""));
    let (_, lockhost) = ready(&mut owner);
    let all = descendants(lockhost);
    passes_on(
        &mut owner,
        &[(Signal::TERM, "SIGTERM"), (Signal::USR1, "SIGUSR1")],
    );
    share.is("cut");
    assert_eq!(owner.line(), "heard SIGTERM");
    assert_eq!(ended(&mut owner).code(), Some(137));
    assert!(all.into_iter().all(is_over));
}

#[test]
#[cfg_attr(no_namespaces, ignore = "no namespaces may be made")]
fn a_command_in_a_pid_namespace_holds_the_lock() {
    let share = Share::new();
    let lockhost = program::lockhost();
    let command = [
        program::text(&lockhost),
        "holds",
        program::text(share.fixture.path()),
    ];
    let output = without_cgroup(&share.lockhost(&[], &command), "")
        .output()
        .unwrap();
    // By the evidence: lockhost has no pid in there.
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
#[cfg_attr(no_namespaces, ignore = "no namespaces may be made")]
fn without_containment_all_processes_are_found_and_killed() {
    let share = Share::new();
    let start = |lockhost: &Command| without_cgroup(lockhost, WEAKER);
    everything_ends(&share, start, 3);
    let output = start(&share.lockhost(&[], &["sh", "-c", "setsid sleep 60 & exit 5"]))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let message = text(&output.stderr);
    assert!(
        message.contains("warning: COMMAND's processes are not killed as a whole"),
        "{message}"
    );
}

#[test]
fn a_cgroup_that_was_left_is_removed_with_its_processes() {
    let share = Share::new();
    let mut owner = share.start(&[], &[HEARING]);
    let (command, lockhost) = ready(&mut owner);
    let Some(left) = cgroups(lockhost).pop() else {
        // None can be made here.
        return;
    };
    let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
    fs::write(left.join("cgroup.procs"), sleeper.id().to_string()).unwrap();
    let deadman = parent_of(command);
    for pid in [deadman, lockhost] {
        send(pid, Signal::STOP).unwrap();
    }
    for pid in [deadman, lockhost] {
        send(pid, Signal::KILL).unwrap();
    }
    gone(deadman);
    gone(command);
    drop(owner);
    assert_eq!(sleeper.try_wait().unwrap(), None);
    let other = Share::new();
    assert_eq!(other.run(&[], &["true"]).status.code(), Some(0));
    assert_eq!(sleeper.wait().unwrap().signal(), Some(9));
    assert!(!left.exists());
}
