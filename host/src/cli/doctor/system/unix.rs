//! What there is to be looked at on other systems than Linux.

mod privacy;

pub(super) use self::privacy::privacy;

/// Where processes are listed.
pub(super) const LIST: &str = "the system's list";

/// Why this process may not be there.
pub(super) const NO_LIST: &str = "processes are not looked at here";

/// The number of a process that there always is.
pub(super) const FIRST: u32 = 1;
