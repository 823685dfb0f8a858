//! What the operating system does for a program that waits. Nothing here knows of locks or of processes.

pub(crate) mod poll;
pub(crate) mod timer;
