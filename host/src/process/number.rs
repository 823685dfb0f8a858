//! What distinguishes a process from all others that run.

/// What tells a process from others that run, and from its parent after fork(2), also where both are the first in their PID
/// namespaces.
pub(crate) type Number = (u32, Option<u64>);
