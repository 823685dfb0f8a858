//! What other kernels than Linux do for a parent of processes, which is less.

use std::io;

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
pub(super) fn children() -> Vec<i32> {
    Vec::new()
}
