//! Waiting on the operating system, facts about volumes and file systems, names for open files, and points in time as text. Nothing
//! here depends on locks or processes.

#[cfg_attr(kernel = "linux", path = "sys/alarm/linux.rs")]
#[cfg_attr(not(kernel = "linux"), path = "sys/alarm/elsewhere.rs")]
pub(crate) mod alarm;
#[cfg_attr(kernel = "linux", path = "sys/clocks/linux.rs")]
#[cfg_attr(not(kernel = "linux"), path = "sys/clocks/elsewhere.rs")]
pub(crate) mod clocks;
#[cfg(windows)]
pub(crate) mod event;
#[cfg_attr(target_os = "linux", path = "sys/open_file/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "sys/open_file/elsewhere.rs")]
#[cfg(unix)]
pub(crate) mod open_file;
pub(crate) mod patience;
pub(crate) mod poll;
pub(crate) mod since;
#[cfg(processes = "linux")]
pub(crate) mod single_kernel;
#[cfg(target_os = "linux")]
pub(crate) mod statx;
pub(crate) mod timer;
#[cfg(windows)]
pub(crate) mod volume;
