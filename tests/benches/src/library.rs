//! What the library costs a program that is built with it: crates, and the time to compile them.

use std::{collections::BTreeSet, env, path::Path, process::Command};

use tempfile::TempDir;

use super::{
    Outcome,
    place::Place,
    processor, program,
    report::{Measured, Row},
};

const NATIVE: &[&str] = &["--no-default-features", "--features", "native"];
const COMPONENT: &[&str] = &["--no-default-features", "--features", "component"];

pub(crate) fn measure(_places: &[Place], _samples: u32) -> Outcome<Vec<Row>> {
    let rows = [
        (
            "library without wasmtime: crates, and processor time of a clean build",
            "≤ 15, ≤ 20 s",
            NATIVE,
        ),
        (
            "library with the component: crates, and processor time of a clean build",
            "-",
            COMPONENT,
        ),
    ];
    let rows = rows.map(|(what, goal, features)| -> Outcome<Row> {
        let mut row = Row::new(what, "-", goal);
        row.push(Measured::plain(format!(
            "{}, {:.1} s",
            crates(features)?,
            build(features)?
        )));
        Ok(row)
    });
    rows.into_iter().collect()
}

/// Returns cargo's command for the library with these features.
fn cargo(command: &str, features: &[&str]) -> Command {
    let mut cargo = program::command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .arg(command)
        .args(["--quiet", "--package", "lockhost"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}

/// Returns the number of crates, as `.ci/crates` counts them: lockhost's own too, and not those of build scripts.
fn crates(features: &[&str]) -> Outcome<usize> {
    let mut tree = cargo("tree", features);
    let output = tree
        .args(["--edges", "normal", "--prefix", "none"])
        .output()?;
    if !output.status.success() {
        return Err(format!("{tree:?}: {}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let crates = text.lines().map(|line| {
        let mut words = line.split(' ');
        (words.next(), words.next())
    });
    Ok(crates.collect::<BTreeSet<_>>().len())
}

/// Returns the seconds of processor time that all compilers take, beginning with an empty folder.
fn build(features: &[&str]) -> Outcome<f64> {
    let target = TempDir::new_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let before = processor::of_children()?;
    let mut build = cargo("build", features);
    build.args(["--lib", "--target-dir"]).arg(target.path());
    super::cold::ends_well(&mut build)?;
    Ok((processor::of_children()? - before) / 1e6)
}
