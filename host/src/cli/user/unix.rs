//! The names of users.

/// Returns the name of a user, if the system has one for the number.
pub(crate) fn name(user: u32) -> Option<String> {
    let found = uzers::get_user_by_uid(user)?;
    Some(found.name().to_string_lossy().into_owned())
}
