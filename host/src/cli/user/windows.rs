//! What users are called.

/// Users have no numbers here, so there are none to be asked for.
pub(crate) fn name(_user: u32) -> Option<String> {
    None
}
