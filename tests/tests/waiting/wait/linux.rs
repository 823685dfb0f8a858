//! A waiter's sleep.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
    time::Duration,
};

use lockhost::{Attempt, Options, Progress, acquire};
use lockhost_tests::{
    contender::{Contender, send},
    fixture::Fixture,
    under_lock::{instances, ready, sleeps_until_notified, told, under_lock, until},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FlockOperation, flock},
    process::Signal,
};

const HEARING: &str = env!("CARGO_BIN_EXE_hearing");

/// Starts a process that waits, reports that, and then sleeps.
fn waiter(options: &[&str], fixture: &Fixture) -> Contender {
    let options = [&["-v"], options].concat();
    let mut command = told(&under_lock(&options, fixture.path(), &[]));
    let mut waiter = Contender::start(&mut command);
    let line = waiter.line();
    assert!(line.starts_with("lockhost: waiting for "), "{line}");
    assert!(line.contains(fixture.lock().to_str().unwrap()), "{line}");
    waiter
}

fn sleeper(options: &[&str], fixture: &Fixture) -> Contender {
    let waiter = waiter(options, fixture);
    let pid = waiter.pid();
    until("it sleeps until it is notified", || {
        sleeps_until_notified(pid) == Some(true)
    });
    waiter
}

/// Asserts that it has the lock next, and reports that.
fn gets_in(waiter: &mut Contender) {
    let mut line = waiter.line();
    while line.starts_with("lockhost: replaced ") || line.starts_with("lockhost: waiting ") {
        line = waiter.line();
    }
    assert!(line.starts_with("acquired "), "{line}");
}

#[test]
fn who_waits_sleeps_and_gets_in_when_the_owner_goes() {
    for end in [Contender::stop, Contender::kill] {
        let fixture = Fixture::free();
        let mut owner = Contender::owner(fixture.path());
        let mut waiter = sleeper(&["--wait"], &fixture);
        assert_eq!(fixture.files().len(), 2, "a waiter leaves nothing there");
        end(&mut owner);
        gets_in(&mut waiter);
        assert_eq!(waiter.stop().code(), Some(0));
        assert!(fixture.files().is_empty(), "{:?}", fixture.files());
    }
}

#[test]
fn a_waiter_gets_in_when_an_owner_does_not_put_its_file_back() {
    let fixture = Fixture::free();
    let owner = Contender::owner(fixture.path());
    let mut waiter = sleeper(&["--wait"], &fixture);
    owner.signal(Signal::STOP);
    fs::remove_file(fixture.lock()).unwrap();
    gets_in(&mut waiter);
}

#[test]
fn who_waits_gets_in_when_the_last_keeper_of_the_lock_ends() {
    let fixture = Fixture::free();
    let mut owner = Contender::start(&mut under_lock(&[], fixture.path(), &[HEARING]));
    let (command, _) = ready(&mut owner);
    owner.kill();
    let mut waiter = sleeper(&["--wait"], &fixture);
    send(command, Signal::USR2).expect("it is there");
    gets_in(&mut waiter);
}

#[test]
fn who_waits_notices_a_killed_owner_whose_command_goes_on() {
    let fixture = Fixture::free();
    let mut owner = Contender::start(&mut under_lock(&[], fixture.path(), &[HEARING]));
    let (command, _) = ready(&mut owner);
    let mut waiter = sleeper(&["--wait"], &fixture);
    // The owner is not reaped, so that its zombie stays visible all the time.
    owner.signal(Signal::KILL);
    // It reports for which process it waits from now on, and sleeps.
    let line = waiter.line();
    assert!(line.contains(&format!("pid {command} (hearing)")), "{line}");
    let pid = waiter.pid();
    until("it sleeps again", || {
        sleeps_until_notified(pid) == Some(true)
    });
    send(command, Signal::USR2).expect("it is there");
    gets_in(&mut waiter);
}

#[test]
fn who_waits_gets_in_when_a_process_of_another_program_ends() {
    let fixture = Fixture::free();
    let mut cat = Command::new("cat")
        .stdin(Stdio::piped())
        .spawn()
        .expect("cat is there");
    fs::write(fixture.lock(), cat.id().to_string()).unwrap();
    let mut waiter = sleeper(&["--wait"], &fixture);
    drop(cat.stdin.take());
    cat.wait().unwrap();
    gets_in(&mut waiter);
}

/// Goes on until it would sleep for as long as it ever does.
fn settle(attempt: &mut Attempt) {
    loop {
        match attempt.proceed().unwrap() {
            Progress::Waiting(waiting) if waiting.retry_after() == Duration::from_secs(1) => break,
            Progress::Waiting(_) => {}
            Progress::Acquired(_) => panic!("another has the lock"),
        }
    }
}

/// Returns whether a watch reports something, sooner or later.
fn is_notified(attempt: &Attempt) -> bool {
    let long = Timespec {
        tv_sec: 60,
        tv_nsec: 0,
    };
    let descriptors = attempt.descriptors();
    let mut descriptors: Vec<_> = descriptors
        .map(|it| PollFd::from_borrowed_fd(it, PollFlags::IN))
        .collect();
    poll(&mut descriptors, Some(&long)).unwrap() > 0
}

#[test]
fn the_same_owners_next_file_is_watched() {
    let fixture = Fixture::free();
    let options = Options::new().patience(Duration::MAX);
    let mut attempt = options.attempt(fixture.path()).unwrap();
    let first = acquire(fixture.path()).unwrap();
    settle(&mut attempt);
    first.release().unwrap();
    assert!(is_notified(&attempt));
    let second = acquire(fixture.path()).unwrap();
    settle(&mut attempt);
    second.release().unwrap();
    assert!(is_notified(&attempt));
    let Progress::Acquired(lock) = attempt.proceed().unwrap() else {
        panic!("no other has it");
    };
    lock.release().unwrap();
}

#[test]
fn a_lock_that_was_passed_on_is_left_to_its_owner_for_a_moment() {
    let fixture = Fixture::free();
    let mut attempt = Options::new()
        .patience(Duration::MAX)
        .attempt(fixture.path())
        .unwrap();
    let mut owner = acquire(fixture.path()).unwrap();
    let mut pause = Duration::MAX;
    // On a busy machine, the last check may be so long ago that the next one is due.
    while pause > Duration::from_millis(50) {
        settle(&mut attempt);
        let before = owner.identity().to_owned();
        owner.release().unwrap();
        owner = acquire(fixture.path()).unwrap();
        let Progress::Waiting(waiting) = attempt.proceed().unwrap() else {
            panic!("another has the lock");
        };
        if waiting.holder().unwrap().identity() == Some(&before) {
            pause = waiting.retry_after();
        }
    }
    // Nothing wakes it meanwhile.
    assert_eq!(attempt.descriptors().count(), 0);
    settle(&mut attempt);
    assert!(attempt.descriptors().count() > 0);
    owner.release().unwrap();
    let end = attempt.proceed().unwrap();
    assert!(matches!(end, Progress::Acquired(_)), "{end:?}");
}

#[test]
fn a_foreign_lock_on_a_stale_file_is_outlasted() {
    let fixture = Fixture::free();
    Contender::owner(fixture.path()).kill();
    let foreign = File::open(fixture.lock()).unwrap();
    flock(&foreign, FlockOperation::NonBlockingLockExclusive).unwrap();
    // The test itself keeps the file locked, and is the waiter's parent.
    let mut waiter = sleeper(&["--wait", "--wait-for-ancestor"], &fixture);
    drop(foreign);
    gets_in(&mut waiter);
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn an_owner_that_ends_invisibly_is_outlasted() {
    let fixture = Fixture::free();
    let mut cat = Command::new("cat")
        .stdin(Stdio::piped())
        .spawn()
        .expect("cat is there");
    fs::write(fixture.lock(), cat.id().to_string()).unwrap();
    let waiting = told(&under_lock(&["-v", "--wait"], fixture.path(), &[]));
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--mount", "sh", "-c"])
        .arg("mount -t tmpfs none /proc && exec \"$0\" \"$@\"")
        .arg(waiting.get_program())
        .args(waiting.get_args());
    let mut waiter = Contender::start(&mut unshare);
    assert!(waiter.line().starts_with("lockhost: waiting for "));
    let pid = waiter.pid();
    let asleep = || {
        until("it sleeps until it is notified", || {
            sleeps_until_notified(pid) == Some(true)
        })
    };
    asleep();
    // The owner's end wakes the waiter, for which the zombie still counts as a process.
    drop(cat.stdin.take());
    let stat = format!("/proc/{}/stat", cat.id());
    until("it is a zombie", || {
        fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z "))
    });
    asleep();
    cat.wait().unwrap();
    gets_in(&mut waiter);
}

/// Returns a program as the first process of a PID namespace: the child is `unshare`, and this is its own pid.
fn in_a_namespace(command: &Command) -> Command {
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    unshare
}

#[test]
#[cfg_attr(not_root, ignore = "only root can make a PID namespace")]
fn who_waits_gets_in_when_an_owner_ends_that_it_cannot_see() {
    let fixture = Fixture::free();
    let mut owner = Contender::start(&mut in_a_namespace(&under_lock(&[], fixture.path(), &[])));
    assert!(owner.line().ends_with("(pid 1)"));
    let waiting = told(&under_lock(&["-v", "--wait"], fixture.path(), &[]));
    let mut waiter = Contender::start(&mut in_a_namespace(&waiting));
    let line = waiter.line();
    assert!(line.starts_with("lockhost: waiting for pid 1, "), "{line}");
    let children = format!("/proc/{0}/task/{0}/children", waiter.pid());
    let first = fs::read_to_string(children)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    until("it sleeps until it is notified", || {
        sleeps_until_notified(first) == Some(true)
    });
    owner.kill();
    gets_in(&mut waiter);
}

#[test]
fn a_signal_ends_the_wait_and_nothing_is_left() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let fixture = Fixture::free();
        let owner = Contender::owner(fixture.path());
        let lockhost = under_lock(&["-v", "--wait"], fixture.path(), &["echo", "ran"]);
        let mut command = Command::new("env");
        command
            .arg("--default-signal")
            .arg(lockhost.get_program())
            .args(lockhost.get_args());
        let mut waiter = Contender::start(&mut told(&command));
        assert!(waiter.line().starts_with("lockhost: waiting for "));
        let before = fixture.files();
        assert_eq!(waiter.end(signal).code(), Some(code));
        assert_eq!(waiter.line(), "");
        assert_eq!(fixture.files(), before);
        drop(owner);
    }
}

#[test]
fn the_end_of_input_ends_the_wait_where_it_would_end_the_lock() {
    let fixture = Fixture::free();
    let _owner = Contender::owner(fixture.path());
    let options = ["-v", "--wait", "--until-stdin-closes"];
    let mut command = told(&under_lock(&options, fixture.path(), &[]));
    let mut waiter = Contender::start(command.stdin(Stdio::piped()));
    assert!(waiter.line().starts_with("lockhost: waiting for "));
    assert_eq!(waiter.end_of_input().code(), Some(75));
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn without_notifications_a_release_is_found_all_the_same() {
    for lacking in ["inotify_init1:error=EMFILE", "pidfd_open:error=ENOSYS"] {
        let fixture = Fixture::free();
        let mut owner = Contender::owner(fixture.path());
        let lockhost = under_lock(&["-v", "--wait"], fixture.path(), &[]);
        let mut command = Command::new("strace");
        command
            .args(["-D", "-qqq", "-o", "/dev/null"])
            .args(["-e", "trace=inotify_init1,pidfd_open"])
            .args(["-e", &format!("inject={lacking}")])
            .arg(lockhost.get_program())
            .args(lockhost.get_args());
        let mut waiter = Contender::start(&mut told(&command));
        assert!(waiter.line().starts_with("lockhost: waiting for "));
        owner.kill();
        gets_in(&mut waiter);
    }
}

/// Returns the processes that a process has started, and not waited for.
fn children(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    children
        .split_whitespace()
        .map(|it| it.parse().unwrap())
        .collect()
}

/// A user namespace has a limit of its own, so no other program is disturbed.
#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn waiters_leave_the_last_inotify_instances_to_others() {
    const LIMIT: usize = 18;
    const WAITERS: usize = 6;
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    let lockhost = under_lock(&["-v", "--wait"], fixture.path(), &["echo", "turn"]);
    let script = format!(
        "echo {LIMIT} >/proc/sys/user/max_inotify_instances || exit
         for waiter in $(seq {WAITERS}); do \"$0\" \"$@\" & done; wait"
    );
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--user", "--map-root-user", "sh", "-c", &script])
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    let mut waiters = Contender::start(&mut told(&unshare));
    until("all of them sleep", || {
        let children = children(waiters.pid());
        let asleep = |pid: &u32| sleeps_until_notified(*pid) == Some(true);
        children.len() == WAITERS && children.iter().all(asleep)
    });
    let taken: usize = children(waiters.pid()).into_iter().map(instances).sum();
    assert!(taken <= LIMIT - 16, "{taken} of {LIMIT}");
    owner.stop();
    for _ in 0..WAITERS {
        let mut line = waiters.line();
        while line != "turn" {
            assert!(!line.is_empty(), "one of them ends without the lock");
            line = waiters.line();
        }
    }
    assert_eq!(waiters.end_of_input().code(), Some(0));
    assert!(fixture.files().is_empty());
}

#[test]
fn with_mkdir_a_waiter_makes_a_directory_that_is_removed() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("work");
    fs::create_dir(&directory).unwrap();
    let lock = acquire(&directory).unwrap();
    // This process holds the lock, and starts the waiter.
    let options = ["--mkdir", "--wait", "--wait-for-ancestor"];
    let mut waiter = Contender::start(&mut under_lock(&options, &directory, &["true"]));
    let pid = waiter.pid();
    until("it sleeps until it is notified", || {
        sleeps_until_notified(pid) == Some(true)
    });
    fs::rename(&directory, fixture.path().join("old")).unwrap();
    assert_eq!(waiter.end_of_input().code(), Some(0));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    drop(lock);
}
