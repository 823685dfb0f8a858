//! Programs that are installed, for the build scripts of tests.

use std::{env, path::Path};

/// Returns whether all these programs are on PATH.
pub(crate) fn are_installed(programs: &[&str]) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = env::split_paths(&path).collect();
    programs
        .iter()
        .all(|program| folders.iter().any(|folder| folder.join(program).is_file()))
}

/// Lets a build script run again when programs come or go, or another user builds.
pub(crate) fn rerun_if_changed() {
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rerun-if-env-changed=USER");
    for folder in ["/usr/bin", "/usr/sbin"] {
        if Path::new(folder).is_dir() {
            println!("cargo::rerun-if-changed={folder}");
        }
    }
}
