//! The services of other kernels than Linux for a parent of processes, which are fewer.

use std::{ffi::c_int, io};

use nix::sys::signal::SigHandler;

/// The disposition of SIGCHLD in a process that wants to be notified. By default it is ignored, and BSD and macOS
/// discard an ignored signal even while it is blocked. It is blocked in every thread, so the handler is never called,
/// and execve(2) restores the default.
pub(super) const TOLD_OF_CHILDREN: SigHandler = SigHandler::Handler(nothing);

extern "C" fn nothing(_signal: c_int) {}

/// Does nothing: these kernels do not notify a process of its parent's end. The command goes on, and keeps the
/// directory where it has inherited evidence.
pub(super) fn end_with_parent() -> io::Result<()> {
    Ok(())
}

/// Fails: orphans get the first process as their parent.
///
/// # Errors
/// Always.
pub(super) fn adopt_descendants() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns `None`: these kernels list no children.
pub(super) fn children() -> Option<Vec<i32>> {
    None
}

/// Returns none.
pub(super) fn children_of(_pid: i32) -> Vec<i32> {
    Vec::new()
}

/// Returns `None`: not known.
pub(super) fn start_of(_pid: i32) -> Option<u64> {
    None
}

/// Returns `None`: not known.
pub(super) fn parent_of(_pid: i32) -> Option<i32> {
    None
}

/// Returns `None`: not known.
pub(super) fn name_of(_pid: i32) -> Option<String> {
    None
}

/// Returns `None`: not known.
pub(super) fn living_others() -> Option<Vec<i32>> {
    None
}

/// Does nothing: no other process is known.
pub(super) fn await_ends(_pids: &[i32]) {}
