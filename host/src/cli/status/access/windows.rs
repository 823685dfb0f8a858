//! What keeps this user from taking a lock: only a try shows it, which would change something.

use std::{io::Error, path::Path};

/// Nothing is known.
pub(super) fn denial(_directory: &Path) -> Option<Error> {
    None
}

/// Nothing is known.
pub(super) fn denial_of_removal(_file: &Path, _directory: &Path) -> Option<Error> {
    None
}
