//! The program `lockhost`, as it is built.

use std::{
    env,
    path::PathBuf,
    process::{Command, Output},
    sync::OnceLock,
};

/// The program's path, built in the profile that the tests run in, beside them.
///
/// # Panics
/// If it cannot be built.
pub fn lockhost() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build).clone()
}

fn build() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("tests lie two folders deep in the target folder");
    let target = profile.parent().expect("a profile has its own folder");
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    // The whole workspace's programs, since that is what `cargo test --workspace` has resolved features for.
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--bins",
            "--profile",
            name,
        ])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "the program cannot be built");
    profile.join("lockhost")
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
