//! The files that a killed or failed process leaves, and checks that they block no other process.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, SystemTime},
};

use rustix::process::Signal;

use crate::{
    contender::{Answer, Contender},
    fixture::{Fixture, NO_PROCESS},
    strace,
};

/// Describes the files in the directory: for each file its names, and whether it is empty, was made to name no owner,
/// or holds the pid `killed` without that process's claim. `claim` is that process's claim, and `old` that of any
/// other.
///
/// # Panics
/// If it cannot be listed.
#[must_use]
pub fn left(fixture: &Fixture, killed: u32) -> String {
    let mut files = BTreeMap::<u64, (Vec<&str>, String)>::new();
    let entries = fixture.files();
    for file in &entries {
        let path = fixture.path().join(file);
        let name = match file.to_str().expect("names are text") {
            "tinyforge.lock" => "lock",
            "tinyforge.lock.reclaim" => "reclaim",
            "tinyforge.lock.reclaim.reclaim" => "second reclaim",
            claim if claim.contains(&format!(".1-p{killed}-")) => "claim",
            _ => "old",
        };
        let inode = fs::symlink_metadata(&path)
            .expect("no other process is about")
            .ino();
        let entry = files.entry(inode).or_default();
        entry.0.push(name);
        entry.1 = fs::read_to_string(&path).expect("it can be read");
    }
    let mut files: Vec<String> = files
        .into_values()
        .map(|(mut names, content)| {
            names.sort_unstable();
            let mut file = names.join("=");
            if content.is_empty() {
                file.push_str(" (empty)");
            } else if content.starts_with('-') {
                file.push_str(" (disowned)");
            } else if content == format!("{killed}\n") && !names.contains(&"claim") {
                file.push_str(" (in place)");
            }
            file
        })
        .collect();
    files.sort_unstable();
    files.join(", ")
}

/// Checks that a newcomer acquires the lock, with this done to its system calls (`inject` of strace), and leaves at
/// most dead owners' claims. The next sweep leaves no file.
///
/// # Panics
/// If that is not so.
pub fn recovers(fixture: &Fixture, killed: u32, injections: &[&str], after: &str) {
    // A file that names no owner is another program's that is not written yet, unless it is old.
    for file in fixture.files() {
        grow_old_if_it_names_no_owner(&fixture.path().join(file));
    }
    gets_in(fixture, injections, after);
    let litter = left(fixture, killed);
    let claims = litter.split(", ").all(|file| {
        let names = file.trim_end_matches(" (empty)");
        matches!(names, "" | "claim" | "old")
    });
    assert!(claims, "{litter} after {after}");
    fs::write(fixture.lock(), NO_PROCESS).expect("a dead lock makes the next owner sweep");
    gets_in(fixture, injections, after);
    assert_eq!(left(fixture, killed), "", "after {after}");
}

fn gets_in(fixture: &Fixture, injections: &[&str], after: &str) {
    let mut newcomer = if injections.is_empty() {
        Contender::acquire(fixture.path())
    } else {
        strace::acquire_with(injections, fixture.path())
    };
    assert_eq!(newcomer.answer(), Answer::Owns, "after {after}");
    assert_eq!(newcomer.end(Signal::TERM).code(), Some(0), "after {after}");
}

fn grow_old_if_it_names_no_owner(path: &Path) {
    let content = fs::read_to_string(path).expect("it can be read");
    if content.is_empty() || content.starts_with('-') {
        File::options()
            .write(true)
            .open(path)
            .and_then(|file| file.set_modified(SystemTime::now() - Duration::from_secs(3600)))
            .expect("its time can be set");
    }
}
