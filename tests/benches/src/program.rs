//! The program, as it is released.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use lockhost_tests::{
    contender::{Answer, Contender},
    program::build_with,
};

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
    build_with(&["--package", "lockhost", "--release"], target);
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
