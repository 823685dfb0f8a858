//! The program, as it is released.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use lockhost_tests::contender::{Answer, Contender};

/// Its path, once it is built.
///
/// # Panics
/// If it cannot be built.
pub(crate) fn lockhost() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build)
}

fn build() -> PathBuf {
    // `tmp` in the target folder.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let target = target.expect("it lies in the target folder");
    // cargo names itself to what it runs.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "-p", "lockhost", "--bins"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "the program cannot be built");
    target.join("release/lockhost")
}

/// A process that has the lock on a directory.
///
/// # Panics
/// If it does not get it.
pub(crate) fn owner(directory: &Path) -> Contender {
    let mut owner = Contender::start(Command::new(lockhost()).arg("acquire").arg(directory));
    assert_eq!(owner.answer(), Answer::Owns);
    owner
}
