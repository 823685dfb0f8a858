//! What is left when a process was killed or failed, and that nobody is hindered by it.

use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt, process::Command};

use rustix::process::Signal;

use crate::{
    contender::{Answer, Contender},
    program::lockhost,
    scene::{NOBODY, Scene},
};

/// What is in the directory: for each file its names, and whether nothing is in it. `claim` is that of the process with
/// this number, and `old` that of any other.
///
/// # Panics
/// If it cannot be looked at.
#[must_use]
pub fn left(scene: &Scene, killed: u32) -> String {
    let mut files = BTreeMap::<u64, (Vec<&str>, u64)>::new();
    for file in scene.files() {
        let metadata = fs::symlink_metadata(scene.path().join(&file)).expect("nobody is about");
        let name = match file.to_str().expect("names are text") {
            "tinyforge.lock" => "lock",
            "tinyforge.lock.reclaim" => "reclaim",
            "tinyforge.lock.reclaim.reclaim" => "second reclaim",
            claim if claim.contains(&format!(".1-p{killed}-")) => "claim",
            _ => "old",
        };
        let entry = files.entry(metadata.ino()).or_default();
        entry.0.push(name);
        entry.1 = metadata.len();
    }
    let mut files: Vec<String> = files
        .into_values()
        .map(|(mut names, size)| {
            names.sort_unstable();
            let empty = if size == 0 { " (empty)" } else { "" };
            names.join("=") + empty
        })
        .collect();
    files.sort_unstable();
    files.join(", ")
}

fn gets_in(scene: &Scene, after: &str) {
    let mut newcomer = Contender::start(Command::new(lockhost()).arg("acquire").arg(scene.path()));
    assert_eq!(newcomer.answer(), Answer::Owns, "after {after}");
    assert_eq!(newcomer.end(Signal::TERM).code(), Some(0), "after {after}");
}

/// A newcomer gets in, and leaves at most claims of the dead; whoever sweeps next leaves nothing.
///
/// # Panics
/// If that is not so.
pub fn recovers(scene: &Scene, killed: u32, after: &str) {
    gets_in(scene, after);
    let litter = left(scene, killed);
    let claims = litter.split(", ").all(|file| {
        let names = file.trim_end_matches(" (empty)");
        matches!(names, "" | "claim" | "old")
    });
    assert!(claims, "{litter} after {after}");
    fs::write(scene.lock(), NOBODY).expect("a dead lock makes the next owner sweep");
    gets_in(scene, after);
    assert_eq!(left(scene, killed), "", "after {after}");
}
