//! What doctor can check on Linux.

mod privacy;
mod sentences;

pub(super) use self::{
    privacy::privacy,
    sentences::{BOOT, FIRST, NO_BOOT, NO_EVIDENCE, claims},
};

/// Where processes are listed.
pub(super) const LIST: &str = "/proc";

/// Why this process may be missing there.
pub(super) const NO_LIST: &str =
    "it is not mounted, belongs to another PID namespace, or shows made-up data";
