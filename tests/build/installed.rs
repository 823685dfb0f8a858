//! Programs that are installed, for the build scripts of tests.

use std::env;

/// Returns whether all these programs are on PATH.
pub(crate) fn are_installed(programs: &[&str]) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = env::split_paths(&path).collect();
    programs
        .iter()
        .all(|program| folders.iter().any(|folder| folder.join(program).is_file()))
}
