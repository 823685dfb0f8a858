//! The numbers that distinguish a process from all others that run.

/// The number of a process, and what distinguishes it from its parent after fork(2), also where both are the first in
/// their PID namespaces.
pub(crate) type Number = (u32, Option<u64>);
