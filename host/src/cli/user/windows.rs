//! The names of users.

/// Returns `None`: users have no numbers here.
pub(crate) fn name(_user: u32) -> Option<String> {
    None
}
