//! Commands that get signals, shells, and a link to a directory.

use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use lockhost::{AliveReason, Liveness, acquire};
use lockhost_tests::{
    contender::{Contender, send},
    fixture::Fixture,
    mounted::Mounted,
    program::lockhost,
    schema::Schema,
    under_lock::{instances, ready, sleeps_until_notified, told, until},
};
use rustix::process::Signal;

use super::under_locks;

const HEARING: &str = env!("CARGO_BIN_EXE_hearing");

#[test]
fn a_directory_that_is_given_twice_is_taken_once() {
    let fixture = Fixture::free();
    let link = Fixture::free();
    let other = link.path().join("other name");
    symlink(fixture.path(), &other).unwrap();
    let directories = [fixture.path(), &other, fixture.path()];
    let print = ["sh", "-c", "echo $LOCKHOST_DIR"];
    let output = under_locks(&[], &directories, &print).output().unwrap();
    let expected = format!("{}\n", fixture.path().display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(fixture.files().is_empty());
}

#[test]
fn twenty_locks_take_one_inotify_instance() {
    let fixture = Fixture::free();
    let paths: Vec<_> = (0..20)
        .map(|nth| fixture.path().join(nth.to_string()))
        .collect();
    paths.iter().for_each(|path| fs::create_dir(path).unwrap());
    let directories: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let mut owner = Contender::start(&mut told(&under_locks(&[], &directories, &[])));
    paths
        .iter()
        .for_each(|_| assert!(owner.line().starts_with("acquired ")));
    // Each of them is watched, also the first and the last.
    for path in [&paths[0], &paths[19]] {
        let lock = path.join("tinyforge.lock");
        fs::remove_file(&lock).unwrap();
        let line = owner.line();
        let removed = format!(
            "lockhost: warning: {}: the lock file was removed",
            lock.display()
        );
        assert!(line.starts_with(&removed), "{line}");
    }
    assert_eq!(instances(owner.pid()), 1);
    owner.end(Signal::TERM);
}

#[test]
fn directories_in_another_order_are_locked_too() {
    let (a, b) = (Fixture::free(), Fixture::free());
    let witness = a.path().join("witness");
    let witness = witness.to_str().unwrap();
    let alone = format!("mkdir {witness} || exit 9; rmdir {witness}");
    let command = ["sh", "-c", &alone];
    let orders = [[a.path(), b.path()], [b.path(), a.path()]];
    let mut owners: Vec<_> = (0..16)
        .map(|nth| under_locks(&["--wait"], &orders[nth % 2], &command))
        .map(|mut command| command.spawn().unwrap())
        .collect();
    for owner in &mut owners {
        assert_eq!(owner.wait().unwrap().code(), Some(0));
    }
    assert!(a.files().is_empty() && b.files().is_empty());
}

#[test]
fn the_command_sees_all_and_keeps_all_when_its_parent_is_killed() {
    let (a, b) = (Fixture::free(), Fixture::free());
    let mut owner = Contender::start(&mut under_locks(&[], &[a.path(), b.path()], &[HEARING]));
    let (command, _) = ready(&mut owner);
    let environment = fs::read(format!("/proc/{command}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment).into_owned();
    let both = [&a, &b].map(|fixture| fixture.path().to_str().unwrap());
    let dirs = [both.join(":"), [both[1], both[0]].join(":")];
    let seen = |dirs: &String| environment.contains(&format!("LOCKHOST_DIR={dirs}\0"));
    assert!(dirs.iter().any(seen), "{environment}");
    owner.kill();
    for fixture in [&a, &b] {
        let refused = acquire(fixture.path()).unwrap_err();
        let liveness = refused.holder().unwrap().liveness();
        assert_eq!(liveness, Liveness::Alive(AliveReason::Evidence));
    }
    send(command, Signal::USR2).unwrap();
    for fixture in [&a, &b] {
        until("it has ended", || acquire(fixture.path()).is_ok());
    }
}

#[test]
fn while_one_is_waited_for_no_other_is_held() {
    let fixtures = [Fixture::free(), Fixture::stale()];
    for held in [0, 1] {
        let paths = fixtures.each_ref().map(Fixture::path);
        let lock = acquire(paths[held]).unwrap();
        let command = under_locks(
            &["--wait", "--wait-for-ancestor", "--json"],
            &paths,
            &["true"],
        );
        let mut waiter = Contender::start(&mut told(&command));
        let schema = Schema::documented();
        let mut events = Vec::new();
        while events.last().is_none_or(|it| it != "waiting") {
            let event = schema.read(&waiter.line())["event"].clone();
            events.push(event.as_str().unwrap().to_owned());
        }
        let other = acquire(paths[1 - held]).expect("the waiter does not hold it");
        lock.release().unwrap();
        until("it waits for the other one", || {
            acquire(paths[held]).is_ok_and(|lock| lock.release().is_ok())
        });
        other.release().unwrap();
        assert_eq!(waiter.end_of_input().code(), Some(0));
        loop {
            let line = waiter.line();
            if line.is_empty() {
                break;
            }
            let event = schema.read(&line)["event"].clone();
            events.push(event.as_str().unwrap().to_owned());
        }
        let count = |name: &str| events.iter().filter(|it| *it == name).count();
        // Only the final locks are reported as acquired and released; each owner is reported once as waited for.
        assert_eq!((count("acquired"), count("released")), (2, 2), "{events:?}");
        assert!((1..=3).contains(&count("waiting")), "{events:?}");
        assert!(count("reclaimed") <= 1, "{events:?}");
        assert!(fixtures.iter().all(|fixture| fixture.files().is_empty()));
    }
}

#[test]
fn a_bound_on_waiting_is_one_for_all_rounds() {
    let fixtures = [Fixture::free(), Fixture::free()];
    let paths = fixtures.each_ref().map(Fixture::path);
    let _lock = acquire(paths[1]).unwrap();
    let mut command = under_locks(&["--wait=50ms", "--wait-for-ancestor"], &paths, &["true"]);
    assert_eq!(command.output().unwrap().status.code(), Some(75));
    assert!(fixtures[0].files().is_empty());
}

/// Returns directories in two pairs of paths. Each path of the first pair and one of the second show the same
/// directory, and their devices are in the opposite order.
fn in_opposite_orders(mounts: &[[Mounted; 2]]) -> [[PathBuf; 2]; 2] {
    let device = |mounted: &Mounted| fs::metadata(mounted.path()).unwrap().dev();
    let pairs = mounts
        .iter()
        .flat_map(|[a, _]| mounts.iter().map(move |[_, b]| (a, b)));
    let (ascending, descending): (Vec<_>, Vec<_>) = pairs.partition(|(a, b)| device(a) < device(b));
    [ascending[0], descending[0]].map(|(a, b)| [a.path(), b.path()])
}

#[test]
#[cfg_attr(no_fuse, ignore = "bindfs cannot be mounted (bindfs, root)")]
fn commands_that_see_opposite_orders_never_deadlock() {
    let (a, b) = (Fixture::free(), Fixture::free());
    let mount = |fixture: &Fixture| Mounted::bindfs_over(fixture.path());
    // Whatever numbers were free before: those of later mounts come in pairs of both orders.
    let mut mounts: Vec<[Mounted; 2]> = Vec::new();
    for nth in 0..4 {
        let [first, second] = if nth % 2 == 0 { [&a, &b] } else { [&b, &a] };
        let (first, second) = (mount(first), mount(second));
        mounts.push(if nth % 2 == 0 {
            [first, second]
        } else {
            [second, first]
        });
    }
    let orders = in_opposite_orders(&mounts);
    let witness = Fixture::free();
    let witness = witness.path().join("witness");
    let alone = format!("mkdir {0} || exit 9; rmdir {0}", witness.display());
    let command = ["sh", "-c", &alone];
    // A file that another mount removes during a check is an error on such a file system: then try once more.
    let again = "until \"$@\"; do test $? = 1 || exit 9; done";
    let mut owners: Vec<_> = (0..8)
        .map(|nth| {
            let order = orders[nth % 2].each_ref().map(PathBuf::as_path);
            let command = under_locks(&["--wait", "-q"], &order, &command);
            let mut shell = Command::new("sh");
            shell
                .args(["-c", again, "sh"])
                .arg(command.get_program())
                .args(command.get_args());
            Contender::start(&mut shell)
        })
        .collect();
    for owner in &mut owners {
        let code = owner.end_of_input().code();
        assert_eq!(code, Some(0), "{}", owner.complaints());
    }
}

/// Runs it in a mount namespace of its own, in which a shell first runs this script, with two directories.
fn mounted(script: &str, options: &str) -> Output {
    let place = Fixture::free();
    let script = format!(
        "cd \"$1\"; mkdir a b; {script}; \"$0\" acquire {options} a b -- sh -c 'echo \"$LOCKHOST_DIR\"; ls -A a b'"
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--", "sh", "-ec", &script]);
    command.arg(lockhost()).arg(place.path());
    command.output().unwrap()
}

#[test]
#[cfg_attr(not_root, ignore = "only root can mount")]
fn one_directory_under_two_mounts_is_refused_and_not_dropped() {
    for options in ["", "--wait"] {
        let output = mounted("mount --bind a b", options);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains("already holds it under another path"),
            "{told}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
#[cfg_attr(no_fuse, ignore = "bindfs cannot be mounted (bindfs, root)")]
fn two_directories_of_one_device_and_inode_are_both_locked() {
    let script = "mount -t tmpfs none u/a; mount -t tmpfs none u/b; mkdir m; bindfs u m";
    let script = format!("mkdir u u/a u/b; {script}; rmdir a b; ln -s m/a a; ln -s m/b b");
    let output = mounted(&format!("{script}; stat -L -c %d:%i a b >&2"), "-q");
    let told = String::from_utf8(output.stderr).unwrap();
    let numbers: Vec<_> = told.lines().collect();
    assert_eq!(numbers[0], numbers[1], "the test shows what it is about");
    let seen = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(seen.matches("tinyforge.lock\n").count(), 2, "{seen}");
}

#[test]
fn a_directory_removed_between_two_rounds_is_waited_for() {
    for options in [&["--wait"][..], &["--wait", "--mkdir"]] {
        let fixture = Fixture::free();
        let [a, b] = ["a", "b"].map(|name| fixture.path().join(name));
        fs::create_dir(&a).unwrap();
        fs::create_dir(&b).unwrap();
        let mut owner = Contender::owner(&b);
        let waiting = under_locks(options, &[&a, &b], &["true"]);
        let mut waiter = Contender::start(&mut told(&waiting));
        let pid = waiter.pid();
        until("it sleeps until it is notified", || {
            sleeps_until_notified(pid) == Some(true)
        });
        // The waiter has released this one.
        fs::remove_dir(&a).unwrap();
        owner.kill();
        let line = waiter.line();
        assert!(line.starts_with("lockhost: replaced "), "{line}");
        if !options.contains(&"--mkdir") {
            fs::create_dir(&a).unwrap();
        }
        assert_eq!(waiter.end_of_input().code(), Some(0), "{options:?}");
        assert_eq!(fs::read_dir(&a).unwrap().count(), 0);
    }
}
