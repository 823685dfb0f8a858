//! The repository.

use std::path::{Path, PathBuf};

/// Returns the repository's path.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
