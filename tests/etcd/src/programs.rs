//! The programs `lockhost` and `lockhost-etcd`, as they are built.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

#[path = "../../src/built.rs"]
mod building;

use self::building::built;

/// The variable with another program to test in place of the one that is built: its absolute path. With several paths,
/// separated as in `PATH`, each start takes the next: programs of different backends in one directory.
const OTHER: &str = "LOCKHOST_PROGRAM";

/// Returns the path of `lockhost`: built in the profile that the tests run in, or one of those in `LOCKHOST_PROGRAM`, in turn.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn lockhost() -> PathBuf {
    static PROGRAMS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    static STARTS: AtomicUsize = AtomicUsize::new(0);
    let programs = PROGRAMS.get_or_init(|| match env::var_os(OTHER) {
        Some(paths) if !paths.is_empty() => env::split_paths(&paths).collect(),
        _ => vec![built("lockhost", &["--workspace", "--bins"])],
    });
    programs[STARTS.fetch_add(1, Ordering::Relaxed) % programs.len()].clone()
}

/// Returns the folder of `lockhost-etcd`, for `PATH`: beside the program in `LOCKHOST_PROGRAM`, if it is there, or built.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn folder_of_the_coordinator() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let beside = lockhost().with_file_name("lockhost-etcd");
        let program = match env::var_os(OTHER) {
            Some(_) if beside.is_file() => beside,
            _ => built("lockhost-etcd", &["--package=lockhost-etcd"]),
        };
        program.parent().expect("a folder").to_owned()
    })
}

/// Returns the path of an example of this package, which is built in the profile that the tests run in.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    // With the features that the tests themselves were compiled with, most probably: otherwise much is compiled once more.
    let package = match env::var_os(OTHER) {
        Some(_) => "--package=lockhost-etcd-tests",
        None => "--workspace",
    };
    let selection = [package, "--example", name];
    built(&format!("examples/{name}"), &selection)
}
