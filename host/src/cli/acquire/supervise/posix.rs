//! What other kernels than Linux do for a parent of processes, which is less.

use std::{ffi::c_int, io};

use nix::sys::signal::SigHandler;

/// What SIGCHLD is meant to do in a process that is told of it. By default it is ignored, and BSD and macOS forget what is
/// ignored also while it is blocked, so that nobody would be told. It is blocked in every thread, so the handler is never
/// called, and execve(2) makes it the default again.
pub(super) const TOLD_OF_CHILDREN: SigHandler = SigHandler::Handler(nothing);

extern "C" fn nothing(_signal: c_int) {}

/// Nobody tells a process of its parent's end: the command goes on, and keeps the directory where there is evidence that
/// it has inherited.
pub(super) fn end_with_parent() -> io::Result<()> {
    Ok(())
}

/// Whoever loses its parent is given to the first process.
///
/// # Errors
/// Always.
pub(super) fn adopt_descendants() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// None is listed.
pub(super) fn children() -> Option<Vec<i32>> {
    None
}

/// None is listed.
pub(super) fn children_of(_pid: i32) -> Vec<i32> {
    Vec::new()
}

/// Not known.
pub(super) fn start_of(_pid: i32) -> Option<u64> {
    None
}

/// Not known.
pub(super) fn parent_of(_pid: i32) -> Option<i32> {
    None
}

/// Not known.
pub(super) fn name_of(_pid: i32) -> Option<String> {
    None
}

/// Not known.
pub(super) fn living_others() -> Option<Vec<i32>> {
    None
}

/// Nothing to wait for: no other process is known.
pub(super) fn await_ends(_pids: &[i32]) {}
