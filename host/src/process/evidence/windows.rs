//! What a file shows of itself that is to be guarded.

use std::{fs::File, io};

use super::Claim;

/// Looks whether a file can be a claim that was just made. Files have no modes, and users no numbers.
///
/// # Errors
/// If the file cannot be looked at.
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

/// Whether a file is open for reading and writing. A handle does not show it, and nothing is done with it that needs it.
pub(super) fn is_open_for_both(_file: &File) -> bool {
    true
}
