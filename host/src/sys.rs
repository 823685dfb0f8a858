//! Waiting on the operating system, and its facts about volumes. Nothing here depends on locks or processes.

#[cfg(windows)]
pub(crate) mod event;
pub(crate) mod patience;
pub(crate) mod poll;
pub(crate) mod timer;
#[cfg(windows)]
pub(crate) mod volume;
