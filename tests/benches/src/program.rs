//! The program, as packages have it.

use std::{
    env,
    ffi::OsStr,
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

/// Builds it as `docs/building.md` has it for packages.
fn build() -> PathBuf {
    // `tmp` in the target folder.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let target = target.expect("it lies in the target folder");
    let arguments = ["rustc", "--package", "lockhost", "--profile", "dist"];
    let flags = [
        "--",
        "-Crelocation-model=static",
        "-Ctarget-feature=+crt-static",
    ];
    build_with(&arguments, target, &flags);
    target.join("dist/lockhost")
}

/// A command of a program that is measured. Cargo tells whatever it starts of folders of libraries, and the loader would
/// look through them in vain, once for each library of a program.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH");
    command
}

/// flock(1), by its path, as ours is: it is not searched for again and again.
///
/// # Panics
/// If it is not there.
pub(crate) fn flock() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut found = env::split_paths(&path).map(|folder| folder.join("flock"));
        found.find(|it| it.is_file()).expect("flock(1) is there")
    })
}

/// A process that has the lock on a directory.
///
/// # Panics
/// If it does not get it.
pub(crate) fn owner(directory: &Path) -> Contender {
    let mut owner = Contender::start(command(lockhost()).arg("acquire").arg(directory));
    assert_eq!(owner.answer(), Answer::Owns);
    owner
}
