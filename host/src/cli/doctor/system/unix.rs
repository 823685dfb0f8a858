//! What doctor can check on Unix systems other than Linux.

mod privacy;
mod sentences;

pub(super) use self::{
    privacy::privacy,
    sentences::{BOOT, FIRST, NO_BOOT, NO_EVIDENCE, claims},
};

/// Where processes are listed.
pub(super) const LIST: &str = "the system's list";

/// Why this process may be missing there.
pub(super) const NO_LIST: &str = "processes are not examined on this system";
