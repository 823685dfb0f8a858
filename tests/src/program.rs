//! The program `lockhost`, as it is built.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    built::{built, cargo},
    launch,
};

/// The variable with another program to test in place of the one that is built: its absolute path. With several paths,
/// separated as in `PATH`, each start takes the next: programs of different backends in one directory.
pub const OTHER: &str = "LOCKHOST_PROGRAM";

/// Returns the program's path, built in the profile that the tests run in, beside them; or [`OTHER`].
///
/// # Panics
/// If it cannot be built.
pub fn lockhost() -> PathBuf {
    static PROGRAMS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    launch::normalize();
    next_of(PROGRAMS.get_or_init(|| others(OTHER).unwrap_or_else(|| vec![build()])))
}

/// Returns the path of the program `churn`: `built`, or one of those in the variable `LOCKHOST_CHURN`, in turn.
pub fn churn(built: &Path) -> PathBuf {
    static PROGRAMS: OnceLock<Option<Vec<PathBuf>>> = OnceLock::new();
    match PROGRAMS.get_or_init(|| others("LOCKHOST_CHURN")) {
        Some(programs) => next_of(programs),
        None => built.to_owned(),
    }
}

/// Returns the paths in a variable, if it has any.
fn others(variable: &str) -> Option<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = env::split_paths(&env::var_os(variable)?).collect();
    (!paths.is_empty()).then_some(paths)
}

/// Returns one program after the other.
fn next_of(programs: &[PathBuf]) -> PathBuf {
    static STARTS: AtomicUsize = AtomicUsize::new(0);
    let start = STARTS.fetch_add(1, Ordering::Relaxed);
    programs[start % programs.len()].clone()
}

fn build() -> PathBuf {
    // Of the whole workspace, since cargo has compiled the crates for that before. Unlike the program that `cargo test`
    // builds by itself, it has no feature that only tests enable, and so no compiler in it.
    built("lockhost", &["--workspace", "--bin", "lockhost"])
}

/// Returns the path of an example of the library, as `cargo test` builds it.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    let program = format!("examples/{name}");
    built(&program, &["--workspace", "--example", name])
}

/// Builds the program with this subcommand and these arguments of cargo, into this target folder, with these flags for
/// rustc.
///
/// # Panics
/// If it cannot be built.
pub fn build_with(arguments: &[&str], target: &Path, flags: &[&str]) {
    cargo(&[arguments, &["--bin", "lockhost"]].concat(), target, flags);
}

/// Runs the program to its end.
///
/// # Panics
/// If it cannot be started.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(lockhost())
        .args(arguments)
        .output()
        .expect("the program can be started")
}

/// Returns the code, and the one message on standard error.
///
/// # Panics
/// If it is not one message.
#[must_use]
pub fn ended(output: Output) -> (Option<i32>, String) {
    let text = String::from_utf8(output.stderr).expect("it speaks text");
    assert!(is_one_message(&text), "{text}");
    (output.status.code(), text)
}

/// How the second line of a message begins: the way out.
pub const HINT: &str = "  hint: ";

/// Returns whether this is one line, and at most a hint in a second one.
#[must_use]
pub fn is_one_message(text: &str) -> bool {
    let lines: Vec<_> = text.lines().collect();
    match lines[..] {
        [first] => !first.starts_with(HINT),
        [first, second] => !first.starts_with(HINT) && second.starts_with(HINT),
        _ => false,
    }
}

/// Returns a path as an argument.
///
/// # Panics
/// If it is not UTF-8; temporary directories' paths are.
#[must_use]
pub fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}
