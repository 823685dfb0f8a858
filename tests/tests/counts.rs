//! What a lock costs, counted: system calls by kind, once a process has its first lock behind it. A count that grows
//! fails here, and one that shrinks is to be written down. Memory and what the C library does about it are left out:
//! that is the allocator's affair, and not the same twice.
#![cfg(target_os = "linux")]

use std::{collections::BTreeMap, fmt::Write, fs, path::Path, process::Command};

use lockhost_tests::{
    contender::Contender,
    scene::Scene,
};
use rustix::process::Signal;

/// Not asked for by the lock.
const MEMORY: [&str; 6] = ["brk", "futex", "madvise", "mmap", "mprotect", "munmap"];

/// The system calls of one step, without the looks that mark its beginning and its end, as `kind count` in order.
fn counted(step: &str, directory: &Path) -> String {
    let log = tempfile::NamedTempFile::new().unwrap();
    let status = Command::new("strace")
        .args(["-qq", "-o"])
        .arg(log.path())
        .arg(env!("CARGO_BIN_EXE_counted"))
        .arg(step)
        .arg(directory)
        .status()
        .unwrap();
    assert!(status.success());
    let log = fs::read_to_string(log.path()).unwrap();
    let parts: Vec<_> = log.split("\"/counted\"").collect();
    // The one between the innermost two marks; each mark's own line is cut in two by it.
    let lines: Vec<_> = parts[parts.len() / 2].lines().collect();
    let mut counts = BTreeMap::new();
    for line in &lines[1..lines.len() - 1] {
        let kind = line.split('(').next().unwrap();
        if !MEMORY.contains(&kind) {
            *counts.entry(kind).or_insert(0) += 1;
        }
    }
    counts.iter().fold(String::new(), |mut text, (kind, count)| {
        writeln!(text, "{kind} {count}").unwrap();
        text
    })
}

#[test]
#[cfg_attr(no_strace, ignore = "strace(1) is missing")]
fn a_free_directory() {
    let scene = Scene::free();
    insta(&counted("cycle", scene.path()));
    insta(&counted("holding", scene.path()));
    insta(&counted("free", scene.path()));
    let owner = Contender::owner(scene.path());
    insta(&counted("refused", scene.path()));
    insta(&counted("held", scene.path()));
    owner.end(Signal::KILL);
    insta(&counted("cycle", scene.path()));
}
fn insta(s: &str) { eprintln!("{}\n", s.replace('\n', ", ")); }
