//! What a process is, and whether it is alive: the host's half of the contract.
//!
//! [`identity`] gives processes names that last, [`judge`] answers whether one is dead, and [`platform`] knows what
//! only this operating system can tell. Nothing here knows what a lock file is.

pub(crate) mod identity;
pub(crate) mod judge;
mod portable;

/// Whether this is still the process that `platform::number` told of, and not a child of its that fork(2) made. A
/// namespace that cannot be seen any more (after chroot(2), say) makes it no other process.
pub(crate) fn is_still(number: (u32, Option<u64>)) -> bool {
    let now = platform::number();
    let namespaces_differ = number.1.is_some() && now.1.is_some() && number.1 != now.1;
    number.0 == now.0 && !namespaces_differ
}

#[cfg_attr(target_os = "linux", path = "process/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "process/unknown.rs")]
pub(crate) mod platform;
