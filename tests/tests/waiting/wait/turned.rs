//! Paths that lead elsewhere while a lock on their directory is waited for, and a working directory that changes.

use std::{env, ffi::OsString, fs, path::Path, process::Stdio, thread, time::Duration};

use lockhost::{Attempt, Awaited, ErrorKind, Lock, Options, Progress, Waiting, acquire};
use lockhost_tests::{
    contender::Contender,
    fixture::Fixture,
    program::text,
    strace::{log_of, system_calls},
    under_lock::{told, under_lock},
};
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Runs it on a thread that has a working directory of its own.
fn elsewhere<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: no descriptors are unshared, and no code here mistakes another thread's working directory for its
            // own.
            unsafe { unshare_unsafe(UnshareFlags::FS) }.unwrap();
            run()
        });
        thread.join().unwrap()
    })
}

fn directories(fixture: &Fixture, names: &[&str]) {
    for name in names {
        fs::create_dir_all(fixture.path().join(name)).unwrap();
    }
}

fn files(directory: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(directory).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    files
}

fn patient() -> Options {
    Options::new().patience(Duration::MAX)
}

fn waits(attempt: &mut Attempt) -> Waiting {
    match attempt.proceed().unwrap() {
        Progress::Waiting(waiting) => waiting,
        Progress::Acquired(_) => panic!("another has the lock"),
    }
}

fn gets_in(attempt: &mut Attempt) -> Lock {
    match attempt.proceed().unwrap() {
        Progress::Acquired(lock) => lock,
        Progress::Waiting(waiting) => panic!("{waiting:?}"),
    }
}

#[test]
fn a_relative_path_means_what_it_meant_at_first() {
    let fixture = Fixture::free();
    directories(&fixture, &["here/data", "there/data"]);
    elsewhere(|| {
        env::set_current_dir(fixture.path().join("here")).unwrap();
        let owner = acquire("data").unwrap();
        let mut attempt = patient().attempt("data").unwrap();
        waits(&mut attempt);
        env::set_current_dir(fixture.path().join("there")).unwrap();
        // There is another directory with this name.
        waits(&mut attempt);
        assert!(owner.watch().is_some());
        owner.verify().unwrap();
        owner.release().unwrap();
        let lock = gets_in(&mut attempt);
        assert_eq!(lock.path(), Path::new("data/tinyforge.lock"));
        assert!(lock.watch().is_some() && lock.still_held().unwrap());
        assert!(files(&fixture.path().join("there/data")).is_empty());
        assert_eq!(files(&fixture.path().join("here/data")).len(), 2);
        lock.release().unwrap();
    });
}

#[test]
fn a_relative_path_outlives_a_move_of_what_it_is_relative_to() {
    let fixture = Fixture::free();
    directories(&fixture, &["here/data"]);
    elsewhere(|| {
        env::set_current_dir(fixture.path().join("here")).unwrap();
        let lock = acquire("data").unwrap();
        fs::rename(fixture.path().join("here"), fixture.path().join("there")).unwrap();
        lock.verify().unwrap();
        lock.release().unwrap();
    });
}

#[test]
fn a_waiter_follows_a_directory_that_is_replaced() {
    for turn in [false, true] {
        let fixture = Fixture::free();
        let [data, old] = ["data", "old"].map(|name| fixture.path().join(name));
        directories(&fixture, &["data", "real", "other"]);
        let path = match turn {
            false => data.clone(),
            true => {
                let link = fixture.path().join("link");
                std::os::unix::fs::symlink("real", &link).unwrap();
                link
            }
        };
        let owner = acquire(&path).unwrap();
        let mut attempt = patient().attempt(&path).unwrap();
        waits(&mut attempt);
        if turn {
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink("other", &path).unwrap();
        } else {
            fs::rename(&data, &old).unwrap();
            fs::create_dir(&data).unwrap();
        }
        let lock = gets_in(&mut attempt);
        lock.verify().unwrap();
        let error = owner.verify().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Lost);
        assert!(
            error.to_string().contains("its directory was moved"),
            "{error}"
        );
        assert_eq!(owner.release().unwrap_err().kind(), ErrorKind::Lost);
        lock.release().unwrap();
    }
}

#[test]
fn a_waiter_with_patience_waits_for_a_missing_directory() {
    let fixture = Fixture::free();
    let data = fixture.path().join("data");
    fs::create_dir(&data).unwrap();
    let owner = acquire(&data).unwrap();
    let mut attempt = patient().attempt(&data).unwrap();
    waits(&mut attempt);
    drop(owner);
    fs::remove_dir(&data).unwrap();
    for _ in 0..16 {
        let waiting = waits(&mut attempt);
        assert_eq!(
            (waiting.awaited(), waiting.path()),
            (Awaited::Directory, &*data)
        );
        assert!(waiting.holder().is_none());
        assert!(waiting.retry_after() <= Duration::from_secs(1));
    }
    fs::create_dir(&data).unwrap();
    gets_in(&mut attempt).release().unwrap();
}

#[test]
fn a_patience_that_ends_names_the_missing_directory() {
    let fixture = Fixture::free();
    let data = fixture.path().join("data");
    fs::create_dir(&data).unwrap();
    let owner = acquire(&data).unwrap();
    // More than the time until its first check, on a busy machine.
    let options = Options::new().patience(Duration::from_secs(2));
    let mut attempt = options.attempt(&data).unwrap();
    drop(owner);
    fs::remove_dir(&data).unwrap();
    let error = loop {
        match attempt.proceed() {
            Ok(Progress::Waiting(waiting)) => thread::sleep(waiting.retry_after()),
            Ok(Progress::Acquired(_)) => panic!("there is no directory"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), error.path()), (ErrorKind::Io, &*data));
    // For a directory that never existed, it is the result at once.
    assert_eq!(patient().attempt(&data).unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn what_settles_is_left_with_its_directory() {
    let fixture = Fixture::free();
    let [data, old] = ["data", "old"].map(|name| fixture.path().join(name));
    fs::create_dir(&data).unwrap();
    fs::write(data.join("tinyforge.lock"), "").unwrap();
    let mut attempt = Options::new().attempt(&data).unwrap();
    assert_eq!(waits(&mut attempt).awaited(), Awaited::Settling);
    fs::rename(&data, &old).unwrap();
    fs::create_dir(&data).unwrap();
    let lock = gets_in(&mut attempt);
    assert_eq!(files(&old), ["tinyforge.lock"], "its claim is gone");
    lock.verify().unwrap();
    lock.release().unwrap();
}

#[test]
fn the_program_waits_for_a_directory_that_comes_back() {
    let fixture = Fixture::free();
    let data = fixture.path().join("data");
    fs::create_dir(&data).unwrap();
    let mut owner = Contender::owner(&data);
    let mut waiter = Contender::start(&mut told(&under_lock(&["-v", "--wait"], &data, &[])));
    assert!(waiter.line().starts_with("lockhost: waiting for pid "));
    let old = fixture.path().join("old");
    fs::rename(&data, &old).unwrap();
    let missing = format!(
        "lockhost: waiting for directory {}, which is missing",
        data.display()
    );
    assert_eq!(waiter.line(), missing);
    fs::create_dir(&data).unwrap();
    assert!(waiter.line().starts_with("acquired "));
    owner.stop();
}

#[test]
fn a_directory_that_its_owner_removes_is_made_again() {
    let fixture = Fixture::free();
    let data = fixture.path().join("data");
    fs::create_dir(&data).unwrap();
    let command = [
        "sh",
        "-c",
        "echo ready; read line; rm -r \"$0\"",
        text(&data),
    ];
    let mut owner = under_lock(&[], &data, &command);
    let mut owner = Contender::start(owner.stdin(Stdio::piped()));
    assert_eq!(owner.line(), "ready");
    let waiter = under_lock(&["-v", "--mkdir", "--wait"], &data, &[]);
    let mut waiter = Contender::start(&mut told(&waiter));
    assert!(waiter.line().starts_with("lockhost: waiting for pid "));
    owner.go_on();
    let mut line = waiter.line();
    while line.starts_with("lockhost: waiting for ") {
        line = waiter.line();
    }
    assert!(line.starts_with("acquired "), "{line}");
    assert!(data.is_dir());
    // Its lock went with the directory.
    assert_eq!(owner.end_of_input().code(), Some(1));
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_directory_that_is_removed_once_it_is_made_is_made_again() {
    let fixture = Fixture::free();
    let data = fixture.path().join("data");
    let calls = system_calls(&[], fixture.path());
    let mut opens = calls.iter().filter(|it| it.touches(fixture.path()));
    let open = opens.find(|it| it.text.contains("O_PATH"));
    let open = open.expect("it opens the directory");
    let missing = format!("inject={}:error=ENOENT:when={}", open.name, open.nth);
    let trace = format!("trace={}", open.name);
    let command = under_lock(&["--mkdir", "--wait"], &data, &["true"]);
    let (_, log) = log_of(&["-e", &trace, "-e", &missing], &command);
    let failed = log.lines().find(|line| line.contains("INJECTED"));
    assert!(
        failed.is_some_and(|line| line.contains(text(&data))),
        "{log}"
    );
}

#[test]
#[cfg_attr(not_root, ignore = "only root can change the root directory")]
fn a_lock_is_kept_in_another_root() {
    let fixture = Fixture::free();
    directories(&fixture, &["data", "root"]);
    elsewhere(|| {
        let lock = acquire(fixture.path().join("data")).unwrap();
        std::os::unix::fs::chroot(fixture.path().join("root")).unwrap();
        lock.verify().unwrap();
        lock.release().unwrap();
    });
}
