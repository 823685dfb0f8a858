//! What a lock costs, counted: system calls by kind, once a process has its first lock behind it. A count that has grown
//! fails here, and one that has shrunk is to be written down. What the C library does about memory is left out: that is
//! not the same twice.
//!
//! On Linux alone: strace(1) counts.
#![cfg(target_os = "linux")]

use std::{collections::BTreeMap, path::Path, process::Command};

use lockhost_tests::{contender::Contender, fixture::Fixture, strace::log_of};
use rustix::process::Signal;

/// Not the lock's: the allocator's; and `fcntl`, by which Rust's own library makes sure in a debug build that what it
/// closes is open.
const BESIDE: [&str; 7] = [
    "brk", "fcntl", "futex", "madvise", "mmap", "mprotect", "munmap",
];

/// The system calls of one step, between the looks that mark its beginning and its end.
fn all_counted(step: &str, directory: &Path) -> BTreeMap<String, u32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syscalls"));
    let (_, log) = log_of(&[], command.arg(step).arg(directory));
    let parts: Vec<_> = log.split("\"/counted\"").collect();
    // The innermost two marks enclose the step; each mark's own line is cut in two.
    let lines: Vec<_> = parts[parts.len() / 2].lines().collect();
    let mut counts = BTreeMap::new();
    for line in &lines[1..lines.len() - 1] {
        let kind = line.split('(').next().unwrap();
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    counts
}

/// Those of the lock.
fn counted(step: &str, directory: &Path) -> BTreeMap<String, u32> {
    let mut counts = all_counted(step, directory);
    counts.retain(|kind, _| !BESIDE.contains(&kind.as_str()));
    counts
}

/// The step makes these calls, and no others.
fn costs(step: &str, fixture: &Fixture, expected: &[(&str, u32)]) {
    let expected = expected.iter().copied();
    let expected: BTreeMap<_, _> = expected
        .map(|(kind, count)| (kind.to_owned(), count))
        .collect();
    assert_eq!(counted_unswept(step, fixture), expected, "{step}");
}

/// Those of a step that sweeps nothing. One process in 64 sweeps though it has no cause, picked by its identity. Then
/// another process shows what the step costs.
fn counted_unswept(step: &str, fixture: &Fixture) -> BTreeMap<String, u32> {
    (0..8)
        .map(|_| counted(step, fixture.path()))
        .find(|counts| !counts.contains_key("getdents64"))
        .expect("of eight processes one does not sweep")
}

/// An instance is mapped memory, and the first lock's was not thrown away.
#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn what_was_made_for_the_first_lock_is_used_again() {
    let counts = all_counted("cycle", Fixture::free().path());
    assert!(counts.contains_key("linkat"), "{counts:?}");
    let maps = |kind: &&String| matches!(kind.as_str(), "mmap" | "munmap" | "mprotect" | "madvise");
    assert_eq!(counts.keys().find(maps), None, "{counts:?}");
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_free_directory_costs_its_claim_and_two_names() {
    costs(
        "cycle",
        &Fixture::free(),
        &[
            // The directory, and the claim, which has its mode from the start.
            ("open", 1),
            ("openat", 1),
            // What is at the lock's name, and at its reclaim's; whether the claim is a new file, before it is guarded;
            // whose number the claim has, when it is made and once it is written; whether the lock's name is the claim's,
            // before it is owned and before it is removed. At the release also what the path names, and which directory is
            // held: one that was moved away is a loss.
            ("statx", 8),
            ("newfstatat", 1),
            // Does the file system keep evidence? Of the directory for the name, and of the claim for the lock.
            ("fstatfs", 2),
            // Is the claim this user's?
            ("geteuid", 1),
            ("flock", 1),
            ("pwrite64", 1),
            ("linkat", 1),
            ("unlinkat", 2),
            ("close", 2),
            // Is this still the process that began? At each step of an attempt and a lock.
            ("getpid", 5),
        ],
    );
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_refusal_costs_a_look_at_the_owner_and_makes_nothing() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    costs(
        "refused",
        &fixture,
        &[
            ("open", 1),
            ("pread64", 1),
            // One of them is whether a lock on it can say anything: it is a regular file.
            ("statx", 6),
            // The lock. Of whom is the number now, for the claim's name; then whether that one lives.
            ("openat", 3),
            ("read", 4),
            ("kill", 1),
            // Does the file system keep evidence, and is it kept?
            ("fstatfs", 2),
            ("flock", 1),
            ("close", 4),
            ("getpid", 4),
        ],
    );
    owner.end(Signal::TERM);
}

/// What a look costs while a lock is waited for. There is one a second, and ten in the first second.
#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_look_of_a_waiter_costs_a_refusal_and_a_watch() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    costs(
        "waiting",
        &fixture,
        &[
            ("open", 1),
            ("pread64", 1),
            ("statx", 6),
            ("openat", 3),
            ("read", 5),
            ("kill", 1),
            ("fstatfs", 2),
            ("flock", 1),
            ("close", 4),
            // One of them is whether the inotify instance is this process' own, and not its parent's before a fork(2).
            ("getpid", 4),
            // Has a watch reported something, has the owner's process ended, and has the name another file by now?
            ("ppoll", 1),
            ("inotify_add_watch", 1),
        ],
    );
    owner.end(Signal::TERM);
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_relative_path_costs_its_base_and_an_absolute_one_nothing() {
    let fixture = Fixture::free();
    let absolute = counted_unswept("cycle", &fixture);
    let relative = counted_unswept("relative", &fixture);
    let more = |kind: &str| {
        relative.get(kind).copied().unwrap_or(0) - absolute.get(kind).copied().unwrap_or(0)
    };
    // The working directory is opened and closed once, and its path asked for.
    assert_eq!(
        ["open", "openat", "close", "getcwd"].map(more),
        [0, 1, 1, 1]
    );
    let sum = |counts: &BTreeMap<String, u32>| counts.values().sum::<u32>();
    assert_eq!(sum(&relative), sum(&absolute) + 3);
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn whether_a_lock_is_still_held_costs_three_looks() {
    // At the lock's name, at what the path names, and at the directory that is held.
    let expected = [("statx", 2), ("newfstatat", 1), ("getpid", 1)];
    costs("holding", &Fixture::free(), &expected);
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn an_inspection_opens_the_lock_and_no_more() {
    let fixture = Fixture::free();
    // A look at each level's name, and does the file system keep evidence?
    let expected = [
        ("open", 1),
        ("statx", 9),
        ("fstatfs", 1),
        ("getpid", 1),
        ("close", 1),
    ];
    costs("free", &fixture, &expected);
    let mut owner = Contender::owner(fixture.path());
    costs(
        "held",
        &fixture,
        &[
            ("open", 1),
            ("pread64", 1),
            ("statx", 14),
            ("openat", 3),
            ("read", 4),
            ("kill", 1),
            ("fstatfs", 3),
            ("flock", 1),
            ("close", 4),
            ("getpid", 3),
        ],
    );
    owner.end(Signal::TERM);
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn taking_over_costs_a_reclaim_lock_and_a_sweep() {
    let fixture = Fixture::free();
    let mut owner = Contender::owner(fixture.path());
    owner.end(Signal::KILL);
    let mut counts = counted("cycle", fixture.path());
    // A listing looks at no file itself. The one claim there is compared; a sweep looks for leftovers at eight levels, and
    // whether what it removes is at any of them. Whether a lock on it can say anything is asked of each file that is judged.
    let looks = counts.remove("statx").unwrap();
    assert!(looks <= 41, "{looks}");
    let expected = [
        ("open", 1),
        ("pread64", 1),
        ("kill", 2),
        // The dead owner's file, before a claim is made: that owner stays dead, so under the reclaim lock it is only
        // compared. Its claim when that is swept; and the claim of this process. Whose number is it? No process'. So the
        // claim is found by a listing, and the sweep is the second. Each opens the directory, and reads on until there is
        // no more.
        ("openat", 3 + 1 + 2),
        ("getdents64", 4),
        // Once for each look, and for the name and the lock of this process' claim.
        ("fstatfs", 4),
        // Of its claim; and of the dead owner's file twice, each lock given back at once.
        ("flock", 1 + 2 * 2),
        ("geteuid", 1),
        ("newfstatat", 1),
        ("pwrite64", 1),
        // Onto the lock's name in vain, onto the reclaim lock's, and onto the lock's.
        ("linkat", 3),
        // The dead lock and its claim, the reclaim lock, and at the release the lock and the claim.
        ("unlinkat", 5),
        ("close", 6),
        ("getpid", 8),
    ];
    let expected = expected.map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(expected));
}
