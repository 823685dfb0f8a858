//! Waiting on the operating system, its facts about volumes, and points in time as text. Nothing here depends on locks
//! or processes.

#[cfg(windows)]
pub(crate) mod event;
pub(crate) mod patience;
pub(crate) mod poll;
pub(crate) mod since;
pub(crate) mod timer;
#[cfg(windows)]
pub(crate) mod volume;
