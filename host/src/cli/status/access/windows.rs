//! The permissions that keep this user from taking a lock: only a try shows them, which would change something.

use std::{io::Error, path::Path};

/// Returns `None`: nothing is known.
pub(super) fn denial(_directory: &Path) -> Option<Error> {
    None
}

/// Returns `None`: nothing is known.
pub(super) fn denial_of_removal(_file: &Path, _directory: &Path) -> Option<Error> {
    None
}
