//! A lock that is lost while it is held, which is reported at once, and events that are no loss.
//!
//! On Linux alone: proc(5) shows watches and sleeping processes, and file systems are mounted.
#![cfg(target_os = "linux")]

mod put_back;

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use lockhost_tests::{
    contender::Contender,
    fixture::{Fixture, NO_PROCESS},
    mounted::Mounted,
    strace::log_of,
    under_lock::{instances, ready, sleeps_until_notified, stop, told, under_lock, until, watches},
};
use rustix::process::Signal;

const HEARING: &str = env!("CARGO_BIN_EXE_hearing");

/// With this option the program has two inotify(7) instances: one that records names from the start, and one that watches.
const TERMINATE: &str = "--on-lost=terminate";

/// Starts an owner whose messages appear between the lines of its command, or its own.
fn owner(options: &[&str], fixture: &Fixture, command: &[&str]) -> Contender {
    Contender::start(&mut told(&under_lock(options, fixture.path(), command)))
}

/// Starts one with the command that prints its signals. Returns once it watches; the owner that the command prints is
/// lockhost.
fn watching(options: &[&str], fixture: &Fixture) -> Contender {
    let mut owner = owner(options, fixture, &[HEARING]);
    let (_, lockhost) = ready(&mut owner);
    assert_eq!(lockhost, owner.pid());
    let expected = 1 + usize::from(options.contains(&TERMINATE));
    until("it watches, and sleeps until it is notified", || {
        instances(lockhost) == expected && sleeps_until_notified(lockhost) == Some(true)
    });
    owner
}

fn is_told(owner: &mut Contender, lock: &Path) {
    let line = owner.line();
    let begin = format!("lockhost: {} is lost: ", lock.display());
    assert!(line.starts_with(&begin), "{line}");
}

/// Loses the directory `data` of a fixture in one of all ways. Returns whether there was such a way.
fn lose_directory(fixture: &Fixture, how: usize) -> bool {
    let [parent, data, old] = ["up", "up/data", "old"].map(|it| fixture.path().join(it));
    match how {
        0 => {
            fs::rename(&data, old).unwrap();
            fs::create_dir(&data).unwrap();
        }
        1 => fs::rename(&data, old).unwrap(),
        2 => fs::rename(&parent, old).unwrap(),
        3 => {
            let link = fixture.path().join("link");
            fs::create_dir(&old).unwrap();
            fs::remove_file(&link).unwrap();
            symlink("old", &link).unwrap();
        }
        _ => return false,
    }
    true
}

#[test]
fn a_directory_that_is_moved_away_is_a_loss() {
    for how in 0.. {
        let fixture = Fixture::free();
        fs::create_dir_all(fixture.path().join("up/data")).unwrap();
        symlink("up", fixture.path().join("link")).unwrap();
        let data = fixture
            .path()
            .join(if how == 3 { "link/data" } else { "up/data" });
        let mut command = told(&under_lock(&[TERMINATE], &data, &[HEARING]));
        let mut owner = Contender::start(&mut command);
        let (_, lockhost) = ready(&mut owner);
        until("it watches", || instances(lockhost) == 2);
        if !lose_directory(&fixture, how) {
            break;
        }
        let line = owner.line();
        let lock = data.join("tinyforge.lock");
        let begin = format!(
            "lockhost: {} is lost: its directory was moved",
            lock.display()
        );
        assert!(line.starts_with(&begin), "{line}");
        assert_eq!(owner.line(), "heard SIGTERM");
        assert_eq!(owner.end(Signal::USR2).code(), Some(3));
        assert_eq!(owner.line(), "", "it is reported once");
    }
}

#[test]
fn a_short_command_does_not_hide_that_its_directory_was_moved() {
    let fixture = Fixture::free();
    let data = fixture.path().join("data");
    fs::create_dir(&data).unwrap();
    let script = format!("mv {0} {0}.old; mkdir {0}", data.display());
    let mut owner = Contender::start(&mut told(&under_lock(&[], &data, &["sh", "-c", &script])));
    let line = owner.line();
    assert!(line.contains(" is lost: its directory was moved"), "{line}");
    assert_eq!(owner.end_of_input().code(), Some(1));
    let old = fs::read_dir(fixture.path().join("data.old")).unwrap();
    assert_eq!(old.count(), 0, "what it made is removed where it is");
}

#[test]
#[cfg_attr(no_namespaces, ignore = "needs root, unshare and nsenter")]
fn a_file_system_mounted_over_the_directory_is_a_loss() {
    let fixture = Fixture::free();
    let data = fixture.path().join("data");
    fs::create_dir(&data).unwrap();
    let lockhost = told(&under_lock(&[TERMINATE], &data, &[HEARING]));
    let mut command = Command::new("unshare");
    command
        .arg("--mount")
        .arg(lockhost.get_program())
        .args(lockhost.get_args());
    let mut owner = Contender::start(&mut command);
    let (_, lockhost) = ready(&mut owner);
    let mounted = Command::new("nsenter")
        .args(["--mount", "--target", &lockhost.to_string()])
        .args(["mount", "-t", "tmpfs", "none"])
        .arg(&data)
        .status()
        .unwrap();
    assert!(mounted.success());
    let line = owner.line();
    assert!(line.contains(" is lost: its directory was moved"), "{line}");
    assert_eq!(owner.line(), "heard SIGTERM");
    owner.end(Signal::USR2);
}

/// Loses a lock for good in one of all ways: another file has its name, from one moment to the next.
fn lose(fixture: &Fixture, how: usize) -> bool {
    let (lock, other) = (fixture.lock(), fixture.path().join("other"));
    match how {
        0 => fs::write(&other, NO_PROCESS).unwrap(),
        1 => symlink("nowhere", &other).unwrap(),
        2 => fs::create_dir(&other).unwrap(),
        _ => return false,
    }
    if how == 2 {
        let exchange = rustix::fs::RenameFlags::EXCHANGE;
        let cwd = rustix::fs::CWD;
        rustix::fs::renameat_with(cwd, other, cwd, lock, exchange).unwrap();
    } else {
        fs::rename(other, lock).unwrap();
    }
    true
}

fn claim(fixture: &Fixture) -> PathBuf {
    let files = fixture.files().into_iter();
    let mut claims = files.filter(|it| it.to_string_lossy().starts_with("tinyforge.lock."));
    fixture
        .path()
        .join(claims.next().expect("there is a claim"))
}

/// Removes a lock file by accident in one of all ways. Returns whether its claim goes too; `None` if there are no more.
fn clean(fixture: &Fixture, how: usize) -> Option<bool> {
    let lock = fixture.lock();
    match how {
        0 => fs::remove_file(lock).unwrap(),
        1 => fs::rename(lock, fixture.path().join("other")).unwrap(),
        // As a cleaner works through the directory, in any order.
        2 => {
            fs::remove_file(claim(fixture)).unwrap();
            fs::remove_file(lock).unwrap();
        }
        _ => return None,
    }
    Some(how == 2)
}

/// Does the same while the owner is stopped: otherwise the owner puts its file back between two removals.
fn clean_at_once(owner: &Contender, fixture: &Fixture, how: usize) -> Option<bool> {
    stop(owner.pid());
    let cleaned = clean(fixture, how);
    owner.signal(Signal::CONT);
    cleaned
}

/// Returns the next line, except the signal by which a command goes on: it arrives at some time after that.
fn next_line(owner: &mut Contender) -> String {
    loop {
        let line = owner.line();
        if line != "heard SIGCONT" {
            return line;
        }
    }
}

fn is_back(owner: &mut Contender, lock: &Path) {
    let line = next_line(owner);
    let begin = format!("lockhost: warning: {}: the lock file", lock.display());
    assert!(line.starts_with(&begin), "{line}");
}

#[test]
fn a_loss_is_reported_while_the_command_goes_on() {
    for how in 0.. {
        let fixture = Fixture::free();
        let mut owner = watching(&[], &fixture);
        if !lose(&fixture, how) {
            break;
        }
        is_told(&mut owner, &fixture.lock());
        owner.signal(Signal::USR1);
        assert_eq!(owner.line(), "heard SIGUSR1");
        // It reports that once.
        assert_eq!(owner.end(Signal::USR2).code(), Some(3));
        assert_eq!(owner.line(), "");
    }
}

#[test]
fn a_command_that_succeeds_after_a_loss_is_no_success() {
    let fixture = Fixture::free();
    let script = format!("rm {}; exit 0", fixture.lock().display());
    let mut owner = owner(&[], &fixture, &["sh", "-c", &script]);
    // Too short to be watched, and reported at its end.
    is_told(&mut owner, &fixture.lock());
    assert_eq!(owner.end_of_input().code(), Some(1));
    assert!(fixture.files().is_empty());
}

#[test]
fn with_terminate_the_command_is_told_to_end() {
    let fixture = Fixture::free();
    let mut owner = watching(&[TERMINATE], &fixture);
    lose(&fixture, 0);
    is_told(&mut owner, &fixture.lock());
    assert_eq!(owner.line(), "heard SIGTERM");
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    assert_eq!(fixture.files(), ["tinyforge.lock"], "it is another's");
}

#[test]
fn without_a_command_terminate_ends_it() {
    for is_lost in [true, false] {
        let fixture = Fixture::free();
        let mut owner = owner(&[TERMINATE], &fixture, &[]);
        assert!(owner.line().starts_with("acquired "));
        if is_lost {
            lose(&fixture, 0);
            is_told(&mut owner, &fixture.lock());
        } else {
            clean_at_once(&owner, &fixture, 2);
            is_back(&mut owner, &fixture.lock());
        }
        assert_eq!(owner.end_of_input().code(), Some(1));
        assert_eq!(owner.line(), "");
    }
}

#[test]
fn without_a_command_a_loss_is_told_and_it_goes_on() {
    let fixture = Fixture::free();
    let mut owner = owner(&[], &fixture, &[]);
    assert!(owner.line().starts_with("acquired "));
    lose(&fixture, 0);
    is_told(&mut owner, &fixture.lock());
    assert_eq!(owner.end(Signal::TERM).code(), Some(1));
    assert_eq!(owner.line(), "");
}

#[test]
fn what_takes_the_lock_from_no_owner_is_no_loss() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("data");
    fs::create_dir(&directory).unwrap();
    let lock = directory.join("tinyforge.lock");
    let mut command = told(&under_lock(&[], &directory, &[HEARING]));
    let mut owner = Contender::start(&mut command);
    let (_, lockhost) = ready(&mut owner);
    until("it watches", || {
        watches(lockhost) && sleeps_until_notified(lockhost) == Some(true)
    });
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&directory);
        assert!(command.status().unwrap().success(), "{program}");
    };
    run("chmod", &["644", "tinyforge.lock"]);
    run("touch", &["tinyforge.lock", "other"]);
    run("cat", &["tinyforge.lock"]);
    run("ln", &["tinyforge.lock", "copy"]);
    run("rm", &["copy", "other"]);
    let refused = under_lock(&[], &directory, &["true"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(75));
    // The next report is about this removal, and there was none before.
    fs::remove_file(&lock).unwrap();
    is_back(&mut owner, &lock);
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
    assert_eq!(owner.line(), "");
}

#[test]
#[cfg_attr(no_fuse, ignore = "bindfs cannot be mounted (bindfs, root)")]
fn without_notifications_a_loss_is_found_all_the_same() {
    let mounted = Mounted::bindfs();
    let fixture = Fixture::free_in(&mounted.path());
    let mut owner = owner(&[], &fixture, &[HEARING]);
    assert!(owner.line().contains("on a file system of type fuse"));
    let (_, lockhost) = ready(&mut owner);
    lose(&fixture, 0);
    is_told(&mut owner, &fixture.lock());
    assert!(!watches(lockhost));
    assert_eq!(owner.end(Signal::USR2).code(), Some(3));
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_command_that_is_done_in_no_time_pays_for_no_watch() {
    let fixture = Fixture::free();
    let options = ["-e", "trace=/inotify,/pidfd,clone,clone3,fork,vfork"];
    let (_, calls) = log_of(&options, &under_lock(&[], fixture.path(), &["true"]));
    assert!(
        !calls.contains("inotify") && !calls.contains("pidfd"),
        "{calls}"
    );
    let started = calls
        .lines()
        .filter(|line| line.contains("fork") || line.contains("clone"));
    assert_eq!(started.count(), 1, "{calls}");
}
