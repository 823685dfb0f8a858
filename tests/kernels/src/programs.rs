//! The programs that run on the machines.

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};

#[path = "../../src/built.rs"]
mod building;

/// Folders of the host that a bed or a machine mounts something over.
const HIDDEN: [&str; 6] = ["/dev", "/media", "/mnt", "/proc", "/run", "/sys"];

/// Returns the path of `lockhost`: what `LOCKHOST_PROGRAM` names, or the program as it is
/// built in the profile that the tests run in.
///
/// # Panics
/// If it cannot be built, or lies where no machine sees it.
#[must_use]
pub fn lockhost() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let named = env::var_os("LOCKHOST_PROGRAM").map(PathBuf::from);
        let program = named.unwrap_or_else(|| {
            // Of the whole workspace, since cargo has compiled the crates for that before.
            building::built("lockhost", &["--workspace", "--bin", "lockhost"])
        });
        let hidden = HIDDEN.iter().find(|it| program.starts_with(it));
        assert_eq!(hidden, None, "no machine sees {}", program.display());
        program
    })
}

/// Returns the path of the first process of a machine.
///
/// # Panics
/// If it was not built.
#[must_use]
pub fn init() -> PathBuf {
    built("machine-init")
}

/// Returns the path of the process that has a server's lock.
///
/// # Panics
/// If it was not built.
#[must_use]
pub fn share_lock() -> PathBuf {
    built("share-lock")
}

fn built(name: &str) -> PathBuf {
    let path = building::profile().join(name);
    assert!(path.exists(), "{} was not built", path.display());
    path
}

/// Returns a path as a word of a command.
///
/// # Panics
/// If it is not UTF-8.
#[must_use]
pub fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}
