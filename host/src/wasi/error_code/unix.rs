//! What a code means on Unix, and which code a failure gets.

use std::io;

use rustix::io::Errno;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use crate::{bindings::direct::lockfile::Operation, wasi::cause};

/// What [`Busy`](ErrorCode::Busy) means.
pub(crate) const BUSY: &str = "device or resource busy";

/// Whether it passes by itself: what is busy is a mount point, say.
pub(crate) const BUSY_PASSES: bool = false;

/// What WASI calls a failure. Two that it has a code for are unknown to wasmtime-wasi; of those without one, the number is
/// kept for the message.
pub(crate) fn explained(operation: Operation, error: Errno) -> ErrorCode {
    let code = match error {
        Errno::DQUOT => ErrorCode::Quota,
        Errno::ROFS => ErrorCode::ReadOnly,
        error => io::Error::from(error).into(),
    };
    cause::note(operation, code, error.raw_os_error());
    code
}
