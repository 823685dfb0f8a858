//! Every failure: each system call of the real program that touches the directory fails once, at each time that it is
//! made, with several errors.
//!
//! The result is an owner, a refusal or an error that names operation and file. No process acquires the lock beside a
//! living owner. No file of the program's own is left, unless removing it (or comparing it before that) is what failed;
//! and a newcomer acquires the lock afterwards.
//!
//! On Linux alone: strace(1) makes system calls fail.
#![cfg(target_os = "linux")]

mod cause;

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
};

use lockhost::{ErrorKind, acquire};
use lockhost_tests::{
    contender::{Answer, Contender},
    fixture::{Fixture, NO_PROCESS},
    leftovers::{left, recovers},
    mounted::{Mounted, is_mounted},
    program::HINT,
    strace::{self, SystemCall},
};
use rustix::process::Signal;

/// Of hardware, of permission, of want, of a signal, of a network, of a kernel.
const HARD: [&str; 4] = ["EIO", "EACCES", "ENOSYS", "ESTALE"];
const WANT: [&str; 4] = ["ENOSPC", "EMFILE", "ENOMEM", "EINTR"];

/// Further errors of calls with a name.
const NAME: [&str; 8] = [
    "EPERM",
    "EROFS",
    "EDQUOT",
    "EMLINK",
    "ELOOP",
    "ENAMETOOLONG",
    "EEXIST",
    "ENOENT",
];

const LOCK: &str = "tinyforge.lock";
const DEAD: u32 = 999_999_999;

/// Returns the system calls of a run on this directory that touch it.
fn points(fixture: &Fixture) -> Vec<SystemCall> {
    let calls = strace::system_calls(&[], fixture.path()).into_iter();
    // Its output names the directory too.
    calls
        .filter(|call| call.touches(fixture.path()) && call.name != "write")
        .collect()
}

/// The result of a run: its pid, whether it had the lock, its exit code, and its last words.
struct Run {
    pid: u32,
    owned: bool,
    code: Option<i32>,
    words: String,
}

/// Runs it, and has one call fail.
fn run(call: &SystemCall, error: &str, fixture: &Fixture) -> Run {
    run_with(
        &format!("{}:error={error}:when={}", call.name, call.nth),
        fixture,
    )
}

fn run_with(inject: &str, fixture: &Fixture) -> Run {
    let mut run = strace::acquire_with(&[inject], fixture.path());
    let pid = run.pid();
    match run.answer() {
        Answer::Owns => {
            keeps_what_it_promises(fixture);
            let code = run.end(Signal::TERM).code();
            Run {
                pid,
                owned: true,
                code,
                words: run.complaints(),
            }
        }
        Answer::Ended(code, words) => Run {
            pid,
            owned: false,
            code,
            words,
        },
    }
}

/// Asserts that an owner whose claim's name promises evidence keeps its file locked: a process that finds it unlocked
/// judges it dead.
fn keeps_what_it_promises(fixture: &Fixture) {
    let file = File::open(fixture.lock()).expect("it has the lock");
    let promised = fixture
        .files()
        .iter()
        .any(|claim| claim.to_str().is_some_and(|claim| claim.contains("-e")));
    let kept = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    assert!(kept || !promised, "it promises evidence, and keeps none");
}

/// Asserts an owner, a refusal, or an error that names operation and file.
fn is_in_order(run: &Run, fixture: &Fixture, what: &str) {
    let mut words = run.words.lines().filter(|line| !line.starts_with(HINT));
    let words = words.next_back().unwrap_or_default();
    let directory = fixture.path().to_str().expect("a path that is text");
    match (run.owned, run.code) {
        (true, Some(0)) => {}
        (false, Some(75)) => assert!(
            words.contains(" is held by ") && words.contains(directory),
            "{what}: {words}"
        ),
        (_, Some(1)) => {
            let failed = words.starts_with("lockhost: cannot ");
            // The messages for ELOOP where a file is opened, and for ENOENT where it is removed.
            let link = words.contains(" is a symbolic link, not a lock file");
            let lost = run.owned && words.contains(" is lost: ");
            let named = words.contains(directory) && (failed || link || lost);
            assert!(named, "{what}: {words}");
        }
        (owned, code) => panic!("{what}: {owned}, {code:?}, {}", run.words),
    }
}

/// Why a file of the run's own may be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Excuse {
    /// It could not be removed, or not be compared before that.
    Removing,
    /// Opening is two system calls: the file exists when the second one fails, and cannot be distinguished from another
    /// process's.
    Opening,
    /// It was made in place, and another process may be about to remove it: it was made to name no owner.
    Disowning,
}

/// Returns the excuse for the run's own leftovers, which must have one.
fn excuse(run: &Run, call: &SystemCall, left: &str) -> Result<Option<Excuse>, String> {
    let is_own = |file: &&str| file.contains("claim") || file.ends_with(')');
    let own: Vec<&str> = left.split(", ").filter(is_own).collect();
    let opening = call.name == "statx" && run.words.contains("cannot create");
    let looking = call.text.contains(".lock.1-p") && run.words.contains("cannot examine");
    match own[..] {
        [] => Ok(None),
        _ if call.name == "unlinkat" || run.owned && run.code == Some(1) => {
            Ok(Some(Excuse::Removing))
        }
        ["claim"] if looking => Ok(Some(Excuse::Removing)),
        [file] if opening && file.ends_with("(empty)") => Ok(Some(Excuse::Opening)),
        [file] if file.ends_with("(disowned)") => Ok(Some(Excuse::Disowning)),
        _ => Err(left.to_owned()),
    }
}

/// Makes every call fail in turn.
fn failures(
    what: &str,
    start: impl Fn() -> Fixture,
    errors: impl Fn(&SystemCall) -> Vec<&'static str>,
) {
    let (mut faults, mut owners, mut refusals) = (0, 0, 0);
    let mut excuses = BTreeMap::<Excuse, usize>::new();
    for call in points(&start()) {
        for error in errors(&call) {
            let fixture = start();
            let run = run(&call, error, &fixture);
            let what = format!("{what}: {error} of {call:?}");
            is_in_order(&run, &fixture, &what);
            let excuse = excuse(&run, &call, &left(&fixture, run.pid));
            if let Some(excuse) = excuse.unwrap_or_else(|left| panic!("{what}: {left}")) {
                *excuses.entry(excuse).or_default() += 1;
            }
            recovers(&fixture, run.pid, &[], &what);
            faults += 1;
            owners += usize::from(run.owned);
            refusals += usize::from(run.code == Some(75));
        }
    }
    println!(
        "{what}: {faults} faults: {owners} owners, {refusals} refusals, the rest errors; left behind: {excuses:?}"
    );
}

/// Returns these errors; but a descriptor that is closed or asked for its flags cannot fail in so many ways.
fn each_of(errors: &'static [&'static str]) -> impl Fn(&SystemCall) -> Vec<&'static str> {
    |call| match call.name.as_str() {
        "close" | "fcntl" => errors
            .iter()
            .copied()
            .filter(|error| *error == "EIO")
            .collect(),
        _ => errors.to_vec(),
    }
}

/// Returns the same errors, but none for closing: a file that stays open has a name until then, where its server is no
/// kernel.
fn but_of_closing(errors: &'static [&'static str]) -> impl Fn(&SystemCall) -> Vec<&'static str> {
    move |call| match call.name.as_str() {
        "close" => Vec::new(),
        _ => each_of(errors)(call),
    }
}

fn of_a_name(call: &SystemCall) -> Vec<&'static str> {
    match call.name.as_str() {
        "openat" | "linkat" | "unlinkat" => NAME.to_vec(),
        _ => Vec::new(),
    }
}

fn crashed() -> Fixture {
    Fixture::free().crashed(DEAD, &[LOCK])
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn what_fails_on_a_free_directory_leaves_nothing() {
    failures("free, hard", Fixture::free, each_of(&HARD));
    failures("free, want", Fixture::free, each_of(&WANT));
    failures("free, names", Fixture::free, of_a_name);
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn what_fails_hard_on_a_crashed_lock_leaves_nothing() {
    failures("crashed owner, hard", crashed, each_of(&HARD));
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn what_fails_for_want_on_a_crashed_lock_leaves_nothing() {
    failures("crashed owner, want", crashed, each_of(&WANT));
    failures("crashed owner, names", crashed, of_a_name);
}

/// Returns whether a call belongs to the search for processes that keep the file locked. The search follows the
/// verdict, for the words of the refusal, and its length depends on the number of processes.
fn looks_for_keepers(call: &str) -> bool {
    let of_all = call.contains("\"/proc\"") || call.contains("</proc>");
    of_all || (call.contains("/proc/") && (call.contains("/fd") || call.contains("/comm")))
}

/// Asserts that no process acquires the lock, whatever fails, once or from then on. It begins with the first call that
/// touches the directory.
fn never_gets_in(what: &str, fixture: &Fixture) {
    let before = fixture.files();
    let calls = strace::system_calls(&[], fixture.path());
    let first = calls.iter().position(|call| call.touches(fixture.path()));
    let mut faults = 0;
    for SystemCall { name, nth, text } in &calls[first.expect("it opens the directory")..] {
        if looks_for_keepers(text) {
            continue;
        }
        for (error, times) in [("EIO", ""), ("EMFILE", ""), ("EIO", "+")] {
            let run = run_with(&format!("{name}:error={error}:when={nth}{times}"), fixture);
            assert!(!run.owned, "{what}: {error} of {name} {nth}{times}, {text}");
            faults += 1;
        }
    }
    assert_eq!(fixture.files(), before, "{what}");
    println!("{what}: {faults} faults, no process got in");
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn whatever_fails_a_living_owner_stays_alone() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    never_gets_in("beside a living owner", &fixture);
    assert_eq!(owner.end(Signal::TERM).code(), Some(0));
}

#[test]
#[cfg_attr(no_strace, ignore = "strace is not installed, or may not trace")]
fn no_failure_lets_a_process_in_while_the_file_is_locked() {
    let fixture = crashed();
    // As a child keeps the evidence that it inherited.
    let file = File::open(fixture.lock()).unwrap();
    file.try_lock().unwrap();
    never_gets_in("beside evidence", &fixture);
}

#[test]
fn a_directory_that_is_removed_under_an_owner_is_a_lost_lock() {
    let fixture = Fixture::free();
    let directory = fixture.path().join("data");
    fs::create_dir(&directory).unwrap();
    let lock = acquire(&directory).unwrap();
    fs::remove_dir_all(&directory).unwrap();
    assert!(!lock.still_held().unwrap());
    assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::Lost);
    assert!(!directory.exists());
}

#[test]
fn a_directory_that_is_moved_away_is_lost_and_still_locked() {
    let fixture = Fixture::free();
    let (directory, moved) = (fixture.path().join("data"), fixture.path().join("moved"));
    fs::create_dir(&directory).unwrap();
    let lock = acquire(&directory).unwrap();
    fs::rename(&directory, &moved).unwrap();
    fs::create_dir(&directory).unwrap();
    // Another directory has the path, and another lock.
    let other = acquire(&directory).unwrap();
    assert!(!lock.still_held().unwrap() && other.still_held().unwrap());
    assert_eq!(acquire(&moved).unwrap_err().kind(), ErrorKind::Held);
    assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::Lost);
    assert!(other.still_held().unwrap());
    other.release().unwrap();
    for directory in [directory, moved] {
        assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
    }
}

#[test]
#[cfg_attr(
    no_fuse_or_strace,
    ignore = "exFAT cannot be mounted (exfat-fuse, exfatprogs, root), or there is no strace"
)]
fn without_links_what_fails_on_a_free_directory_names_no_owner() {
    let exfat = Mounted::exfat();
    assert!(is_mounted(&exfat.path()));
    let free = || Fixture::free_in(&exfat.path());
    failures(
        "without links, free",
        free,
        but_of_closing(&["EIO", "ENOSPC"]),
    );
}

#[test]
#[cfg_attr(
    no_fuse_or_strace,
    ignore = "exFAT cannot be mounted (exfat-fuse, exfatprogs, root), or there is no strace"
)]
fn without_links_what_fails_on_a_stale_lock_names_no_owner() {
    let exfat = Mounted::exfat();
    assert!(is_mounted(&exfat.path()));
    let stale = || Fixture::free_in(&exfat.path()).with(LOCK, NO_PROCESS);
    failures("without links, stale", stale, but_of_closing(&["EIO"]));
}
