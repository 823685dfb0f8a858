//! Checks of a file that is to be guarded.

use std::{fs::File, io};

use super::{Claim, FileId};

/// Checks whether a file can be a claim that was just made. Files have no modes, and users have no numbers.
///
/// # Errors
/// If the file cannot be examined.
pub(super) fn look(file: &File, _known: bool) -> io::Result<Claim> {
    let seen = file.metadata()?;
    Ok(if !seen.is_file() {
        Claim::Not("it is no regular file")
    } else if seen.len() > 0 {
        Claim::Not("it is not empty")
    } else {
        Claim::New { private: true }
    })
}

/// Checks a file that this process has made itself. No caller needs its number here.
///
/// # Errors
/// If the file cannot be examined.
pub(super) fn look_new(file: &File, known: bool) -> io::Result<(Claim, FileId)> {
    Ok((look(file, known)?, FileId::default()))
}

/// Returns whether a file is open for reading and writing. A handle does not show it, and nothing here needs it.
pub(super) fn is_open_for_both(_file: &File) -> bool {
    true
}
