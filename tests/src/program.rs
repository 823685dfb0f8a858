//! The program `lockhost`, as it is built.

use std::{
    env::{self, consts::EXE_EXTENSION},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::launch;

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
    let (profile, name) = profile();
    let target = profile.parent().expect("a profile has its own folder");
    // Of the whole workspace, since cargo has compiled the crates for that before. Unlike the program that `cargo test`
    // builds by itself, it has no feature that only tests enable, and so no compiler in it.
    build_with(&["build", "--workspace", "--profile", &name], target, &[]);
    profile.join("lockhost").with_extension(EXE_EXTENSION)
}

/// Returns the folder of the profile that the tests run in, and the profile's name.
fn profile() -> (PathBuf, String) {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("tests lie two folders deep in the target folder");
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    (profile.to_owned(), name.to_owned())
}

/// Returns the path of an example of the library, as `cargo test` builds it.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    let (profile, in_profile) = profile();
    let target = profile.parent().expect("a profile has its own folder");
    let of = [
        "build",
        "--workspace",
        "--example",
        name,
        "--profile",
        &in_profile,
    ];
    cargo(&of, target, &[]);
    profile
        .join("examples")
        .join(name)
        .with_extension(EXE_EXTENSION)
}

/// Builds the program with this subcommand and these arguments of cargo, into this target folder, with these flags for
/// rustc.
///
/// # Panics
/// If it cannot be built.
pub fn build_with(arguments: &[&str], target: &Path, flags: &[&str]) {
    cargo(&[arguments, &["--bin", "lockhost"]].concat(), target, flags);
}

fn cargo(arguments: &[&str], target: &Path, flags: &[&str]) {
    // cargo sets this variable for the processes that it runs.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let status = Command::new(cargo)
        .args(arguments)
        .args(["--quiet", "--target-dir"])
        .arg(target)
        .args(flags)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "{arguments:?} cannot be built");
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
