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

/// The variable with another program to measure instead: its absolute path.
const OTHER: &str = "LOCKHOST_PROGRAM";

/// The program in the folder of a target.
const DIST: &str = "dist/lockhost";

/// Returns the program's path, once it is built; or that in [`OTHER`].
///
/// # Panics
/// If it cannot be built.
pub(crate) fn lockhost() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let flags = [
            "-C",
            "relocation-model=static",
            "-C",
            "target-feature=+crt-static",
        ];
        build(target(), &[], &flags);
        target().join(DIST)
    };
    PROGRAM.get_or_init(|| env::var_os(OTHER).map_or_else(build, PathBuf::from))
}

/// Returns the path of the program with the native backend and musl, once it is built.
///
/// # Panics
/// If it cannot be built.
pub(crate) fn native() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let target = target().join("native");
        let musl = format!("{}-unknown-linux-musl", env::consts::ARCH);
        let options = [
            "--no-default-features",
            "--features",
            "cli,native",
            "--target",
            &musl,
        ];
        build(&target, &options, &["-C", "relocation-model=static"]);
        target.join(&musl).join(DIST)
    })
}

/// Returns the target folder.
pub(crate) fn target() -> &'static Path {
    // `tmp` in there.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    folder.expect("it lies in the target folder")
}

/// Builds it with these options, as `docs/building.md` has it for packages.
fn build(target: &Path, options: &[&str], flags: &[&str]) {
    let arguments = ["rustc", "--package", "lockhost", "--profile", "dist"];
    let arguments = [&arguments, options].concat();
    let flags = [&["--"], flags].concat();
    build_with(&arguments, target, &flags);
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
