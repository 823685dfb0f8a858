//! The cost of a lock in system calls by kind, once a process has had its first lock. A count that has grown fails
//! here, and one that has shrunk has to be written down. The C library's calls for memory are left out, since they
//! vary.
//!
//! On Linux alone: strace(1) counts.
#![cfg(target_os = "linux")]

use std::{collections::BTreeMap, path::Path, process::Command};

use lockhost_tests::{contender::Contender, fixture::Fixture, strace::log_of};
use rustix::process::Signal;

/// Calls that are not the lock's: the allocator's; and `fcntl`, by which Rust's own library asserts in a debug build
/// that a descriptor is open before it closes it.
const BESIDE: [&str; 7] = [
    "brk", "fcntl", "futex", "madvise", "mmap", "mprotect", "munmap",
];

/// Returns the system calls of one step, between the marks of its beginning and its end.
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

/// Returns those of the lock.
fn counted(step: &str, directory: &Path) -> BTreeMap<String, u32> {
    let mut counts = all_counted(step, directory);
    counts.retain(|kind, _| !BESIDE.contains(&kind.as_str()));
    counts
}

/// Asserts that the step makes these calls, and no others.
fn costs(step: &str, fixture: &Fixture, expected: &[(&str, u32)]) {
    let expected = expected.iter().copied();
    let expected: BTreeMap<_, _> = expected
        .map(|(kind, count)| (kind.to_owned(), count))
        .collect();
    assert_eq!(counted_unswept(step, fixture), expected, "{step}");
}

/// Returns the calls of a step that sweeps nothing. One process in 64, picked by its identity, sweeps without a cause.
/// Then another process shows the cost of the step.
fn counted_unswept(step: &str, fixture: &Fixture) -> BTreeMap<String, u32> {
    (0..8)
        .map(|_| counted(step, fixture.path()))
        .find(|counts| !counts.contains_key("getdents64"))
        .expect("of eight processes one does not sweep")
}

/// An instance is mapped memory, and that of the first lock is used again.
#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn what_was_made_for_the_first_lock_is_used_again() {
    let counts = all_counted("cycle", Fixture::free().path());
    assert!(counts.contains_key("linkat"), "{counts:?}");
    let maps = |kind: &&String| matches!(kind.as_str(), "mmap" | "munmap" | "mprotect" | "madvise");
    assert_eq!(counts.keys().find(maps), None, "{counts:?}");
}

/// Its memory is reserved, and made accessible once: what a lock needs fits into it, so it does not grow.
#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_further_instance_has_enough_memory_from_the_start() {
    let counts = all_counted("further", Fixture::free().path());
    let maps = ["mmap", "mprotect"].map(|kind| counts.get(kind).copied().unwrap_or(0));
    assert_eq!(maps, [1, 1], "{counts:?}");
}

/// Two pages are the component's memory; the rest is what wasmtime allocates for an instance. A sweep needs more; of eight
/// processes, at least one does not sweep.
#[test]
#[cfg_attr(
    not(target_arch = "x86_64"),
    ignore = "the number is of pages of four kilobytes"
)]
fn a_further_lock_adds_few_kilobytes() {
    let added = |_| {
        let fixture = Fixture::free();
        let mut command = Command::new(env!("CARGO_BIN_EXE_syscalls"));
        let output = command.arg("memory").arg(fixture.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.trim().parse::<u64>().unwrap()
    };
    let bytes = (0..8).map(added).min().unwrap();
    assert!(bytes < 24 << 10, "{bytes}");
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
            // The file at the lock's name, and at its reclaim's; whether the lock's name is the claim's, before it is
            // owned and before it is removed; whether the claim's name is. The release also checks which directory the
            // path names, and which one is held: one that was moved away is a loss.
            ("newfstatat", 6),
            // The last, and whether the claim is a new file with one name, once it is locked.
            ("statx", 2),
            // Does the file system keep evidence? The claim lies on the file system of its directory, since it was made
            // there.
            ("fstatfs", 1),
            ("flock", 1),
            ("pwrite64", 1),
            ("linkat", 1),
            ("unlinkat", 2),
            ("close", 2),
            // Whether this is still the process that began costs none: fork(2) clears a mark in memory.
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
            // The lock's name, and the claim's.
            ("newfstatat", 2),
            // The lock once it is open: which file it is, and what it is after it was read.
            ("fstat", 2),
            // The lock; the process with the pid, for the claim's name; then whether the owner lives.
            ("openat", 3),
            ("read", 4),
            ("kill", 1),
            // Does the file system keep evidence, and is it kept?
            ("fstatfs", 2),
            ("flock", 1),
            ("close", 4),
        ],
    );
    owner.end(Signal::TERM);
}

/// The cost of a check while a lock is waited for. There is one a second, and ten in the first second.
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
            ("newfstatat", 2),
            ("fstat", 2),
            ("openat", 3),
            ("read", 5),
            ("kill", 1),
            ("fstatfs", 2),
            ("flock", 1),
            ("close", 4),
            // Has a watch reported something, has the owner's process ended, and has the name another file by now?
            ("ppoll", 1),
            ("inotify_add_watch", 1),
            // Which file is it? One that has its name at the next notification may be another.
            ("statx", 1),
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
    // The working directory is opened and closed once, and its path read.
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
    // The lock's name, the directory that the path names, and the directory that is held.
    let expected = [("statx", 1), ("newfstatat", 2)];
    costs("holding", &Fixture::free(), &expected);
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn an_inspection_opens_the_lock_and_no_more() {
    let fixture = Fixture::free();
    // Each level's name is checked; and does the file system keep evidence?
    let expected = [("open", 1), ("newfstatat", 9), ("fstatfs", 1), ("close", 1)];
    costs("free", &fixture, &expected);
    let mut owner = Contender::owner(fixture.path());
    costs(
        "held",
        &fixture,
        &[
            ("open", 1),
            ("pread64", 1),
            ("newfstatat", 10),
            ("fstat", 2),
            ("openat", 3),
            ("read", 4),
            ("kill", 1),
            ("fstatfs", 3),
            ("flock", 1),
            ("close", 4),
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
    // A listing checks no file itself. The one claim is compared. A sweep checks eight levels for leftovers, and
    // whether what it removes is at any of them. The file that is judged is examined twice while it is open.
    let looks = ["newfstatat", "fstat", "statx"].map(|kind| counts.remove(kind).unwrap());
    let looks: u32 = looks.iter().sum();
    assert!(looks <= 16, "{looks}");
    let expected = [
        ("open", 1),
        ("pread64", 1),
        ("kill", 1),
        // The dead owner's file, before a claim is made: that owner stays dead, so under the reclaim lock the file is
        // only compared, and its claim is swept without a second examination. The claim of this process. The pid is no
        // process's, so the claim is found by a listing, and the sweep makes the second. Each opens the directory, and
        // reads to its end.
        ("openat", 2 + 1 + 2),
        ("getdents64", 4),
        // For the examination, and for the name of this process's claim.
        ("fstatfs", 2),
        // On its claim; and on the dead owner's file, where the lock is released at once.
        ("flock", 1 + 2),
        ("pwrite64", 1),
        // Onto the lock's name in vain, onto the reclaim lock's, and onto the lock's.
        ("linkat", 3),
        // The dead owner's lock and its claim, the reclaim lock, and at the release the lock and the claim.
        ("unlinkat", 5),
        ("close", 5),
    ];
    let expected = expected.map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(expected));
}
