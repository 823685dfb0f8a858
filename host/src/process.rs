//! What a process is, and whether it is alive: the host's half of the contract.
//!
//! [`identity`] gives processes names that last, [`judge`] answers whether one is dead, and [`platform`] knows what
//! only this operating system can tell. Nothing here knows what a lock file is.

pub(crate) mod identity;
pub(crate) mod judge;
mod portable;

#[cfg_attr(target_os = "linux", path = "process/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "process/unknown.rs")]
pub(crate) mod platform;
