//! Several users: what another user can do to a directory and its lock, and what not. Each test stands in the tables of
//! `docs/users.md`.
//!
//! The tests need root, to become users without a name: two of the same group, and a stranger.
//!
//! On Linux alone: users are numbers, directories have modes, and strace(1) stops programs.
#![cfg(target_os = "linux")]

mod fixtures;
mod groups;
mod obstacles;
mod own_files;
mod removers;
mod strangers;

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn the_page_names_each_of_these_tests_and_no_other() {
    let page = include_str!("../../../docs/users.md");
    let words = page.split('`').skip(1).step_by(2);
    let named: BTreeSet<&str> = words
        .filter(|word| word.matches('_').count() > 3 && !word.contains(['(', ' ', '.']))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/directories/users");
    let sources = fs::read_dir(folder).unwrap();
    let sources: String = sources
        .map(|source| fs::read_to_string(source.unwrap().path()).unwrap())
        .collect();
    let tests: BTreeSet<&str> = sources
        .split("#[test]\n")
        .skip(1)
        .filter_map(|test| test.lines().find_map(|line| line.strip_prefix("fn ")))
        .filter_map(|test| Some(test.split_once("()")?.0))
        .collect();
    assert_eq!(named, tests);
}
