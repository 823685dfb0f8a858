//! Waiting on the operating system, its facts about volumes, names for open files, and points in time as text. Nothing here depends on locks
//! or processes.

#[cfg(windows)]
pub(crate) mod event;
#[cfg_attr(target_os = "linux", path = "sys/open_file/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "sys/open_file/elsewhere.rs")]
#[cfg(unix)]
pub(crate) mod open_file;
pub(crate) mod patience;
pub(crate) mod poll;
pub(crate) mod since;
pub(crate) mod timer;
#[cfg(windows)]
pub(crate) mod volume;
