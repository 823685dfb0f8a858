//! What the operating system does for a program that waits, and what it says of volumes. Nothing here knows of locks or of
//! processes.

#[cfg(windows)]
pub(crate) mod event;
pub(crate) mod poll;
pub(crate) mod timer;
#[cfg(windows)]
pub(crate) mod volume;
