//! What there is to be looked at on Linux.

mod privacy;

pub(super) use self::privacy::privacy;

/// Where processes are listed.
pub(super) const LIST: &str = "/proc";

/// Why this process may not be there.
pub(super) const NO_LIST: &str = "it is not mounted, or is another PID namespace's";

/// The number of a process that there always is.
pub(super) const FIRST: u32 = 1;
