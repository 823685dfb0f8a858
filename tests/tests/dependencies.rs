//! How many crates come with this one, as README says: each is somebody else's code that an embedder takes in.

use std::{collections::BTreeSet, process::Command};

/// What README says that they are counted with: the same as [`crates`] does, with the features of a row.
const COMMAND: &str =
    "`cargo tree -p lockhost -e normal --prefix none | cut -d' ' -f1,2 | sort -u | wc -l`";

/// The crates of which a program or a library is made on Linux, without those that only build it or test it.
fn crates(features: &[&str]) -> usize {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--package", "lockhost"])
        .args(["--edges", "normal", "--prefix", "none"])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let tree = String::from_utf8(output.stdout).unwrap();
    // Each is a name and a version; what was printed before has a mark behind that.
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        Some((words.next()?, words.next()?))
    });
    crates.collect::<BTreeSet<_>>().len()
}

#[test]
fn there_are_as_many_as_readme_says() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains(COMMAND), "{COMMAND}");
    for (row, features, expected) in [
        (
            "`default-features = false`",
            &["--no-default-features"][..],
            134,
        ),
        ("`cli` (default)", &[], 144),
        (
            "`cranelift`",
            &["--no-default-features", "--features", "cranelift"],
            152,
        ),
        (
            "`pulley`",
            &["--no-default-features", "--features", "pulley"],
            134,
        ),
        (
            "`all-arch`",
            &["--no-default-features", "--features", "all-arch"],
            134,
        ),
    ] {
        assert_eq!(crates(features), expected, "{row}");
        let row = format!("| {row} | {expected} |");
        assert!(readme.contains(&row), "{row}");
    }
}
