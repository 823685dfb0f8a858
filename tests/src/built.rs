//! Programs of the workspace, built by cargo in the profile that the tests run in. Each package of tests has this module.

use std::{
    env::{self, consts::EXE_EXTENSION},
    path::{Path, PathBuf},
    process::Command,
};

/// Returns the folder of the profile that the tests run in.
pub(crate) fn profile() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2);
    profile.expect("tests lie two folders deep").to_owned()
}

/// Builds what is selected by these arguments. Returns the path of a program in the profile's folder.
///
/// # Panics
/// If it cannot be built.
pub(crate) fn built(program: &str, selection: &[&str]) -> PathBuf {
    let profile = profile();
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let target = profile.parent().expect("a profile has its own folder");
    let build = ["build", "--profile", name];
    cargo(&[&build, selection].concat(), target, &[]);
    profile.join(program).with_extension(EXE_EXTENSION)
}

/// Runs cargo with these arguments, for this target folder, with these flags for rustc.
///
/// # Panics
/// If it fails.
pub(crate) fn cargo(arguments: &[&str], target: &Path, flags: &[&str]) {
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
