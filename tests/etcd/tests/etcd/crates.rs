//! What the program brings along: each crate is code of others.

use std::{collections::BTreeSet, process::Command};

/// How many crates `lockhost-etcd` may have beyond those of `lockhost` with its default features.
const MOST: usize = 16;

/// Returns the crates that a package needs on Linux, by name and version.
fn crates(package: &str, options: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--edges=normal",
            "--prefix=none",
        ])
        .args(["--target=x86_64-unknown-linux-gnu", "--package", package])
        .args(options)
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).expect("a text");
    lines
        .lines()
        .filter_map(|line| {
            Some(
                line.split_whitespace()
                    .take(2)
                    .collect::<Vec<_>>()
                    .join(" "),
            )
            .filter(|it| !it.is_empty())
        })
        .collect()
}

#[test]
fn the_program_brings_few_crates_along() {
    let (program, lockhost) = (crates("lockhost-etcd", &[]), crates("lockhost", &[]));
    let more: Vec<_> = program
        .difference(&lockhost)
        .filter(|it| !it.starts_with("lockhost-etcd "))
        .collect();
    println!("{} crates: {more:?}", more.len());
    assert!(
        (8..=MOST).contains(&more.len()),
        "{} crates: {more:?}",
        more.len()
    );
    let unwanted = ["openssl-sys", "native-tls", "aws-lc-rs", "tokio"];
    assert!(
        !more
            .iter()
            .any(|it| unwanted.iter().any(|name| it.starts_with(name))),
        "{more:?}"
    );
}

#[test]
fn a_native_library_brings_no_wasmtime_along() {
    let library = crates(
        "lockhost-etcd",
        &["--no-default-features", "--features=native"],
    );
    assert!(library.iter().any(|it| it.starts_with("lockhost ")));
    assert!(
        !library.iter().any(|it| it.starts_with("wasmtime")),
        "{library:?}"
    );
}
