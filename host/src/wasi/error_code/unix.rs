//! The meaning of a code on Unix, and the code of a failure.

use std::io;

use rustix::io::Errno;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use crate::{bindings::direct::lockfile::Operation, wasi::cause};

/// The meaning of [`Busy`](ErrorCode::Busy).
pub(crate) const BUSY: &str = "device or resource busy";

/// Whether it passes by itself: a mount point, for instance, stays busy.
pub(crate) const BUSY_PASSES: bool = false;

/// Returns WASI's code for a failure. Two failures have a code that wasmtime-wasi does not use. For those without a
/// code, the number is kept for the message.
pub(crate) fn explained(operation: Operation, error: Errno) -> ErrorCode {
    let code = match error {
        Errno::DQUOT => ErrorCode::Quota,
        Errno::ROFS => ErrorCode::ReadOnly,
        error => io::Error::from(error).into(),
    };
    cause::note(operation, code, error.raw_os_error());
    code
}
