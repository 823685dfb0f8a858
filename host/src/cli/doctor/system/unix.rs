//! What there is to be looked at on other systems than Linux.

mod privacy;
mod sentences;

pub(super) use self::{
    privacy::privacy,
    sentences::{BOOT, FIRST, NO_BOOT, NO_EVIDENCE, claims},
};

/// Where processes are listed.
pub(super) const LIST: &str = "the system's list";

/// Why this process may not be there.
pub(super) const NO_LIST: &str = "processes are not looked at here";
