//! The meaning of a code on Windows, and the code of a failure.

use std::io;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_BROKEN_PIPE, ERROR_BUFFER_OVERFLOW,
    ERROR_BUSY, ERROR_DIR_NOT_EMPTY, ERROR_DIRECTORY, ERROR_DIRECTORY_NOT_SUPPORTED,
    ERROR_FILE_EXISTS, ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE, ERROR_INVALID_NAME,
    ERROR_NEGATIVE_SEEK, ERROR_NOT_A_REPARSE_POINT, ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_READY,
    ERROR_NOT_SUPPORTED, ERROR_OUTOFMEMORY, ERROR_PATH_NOT_FOUND, ERROR_PRIVILEGE_NOT_HELD,
    ERROR_SHARING_VIOLATION, ERROR_STOPPED_ON_SYMLINK,
};

use super::ErrorCode;
use crate::outcome::{Operation, cause};

/// The meaning of [`Busy`](ErrorCode::Busy): a sharing violation.
pub(crate) const BUSY: &str = "another program has it open, and does not permit that";

/// Whether it passes by itself: when that program closes the file.
pub(crate) const BUSY_PASSES: bool = true;

/// Returns WASI's code for a failure. For those without a code, the number is kept for the message.
pub(crate) fn explained(operation: Operation, error: &io::Error) -> ErrorCode {
    let code = code(error);
    if let Some(number) = error.raw_os_error() {
        cause::note(operation, code, number);
    }
    code
}

/// Returns WASI's code for an error, the one that wasmtime-wasi has for it.
fn code(error: &io::Error) -> ErrorCode {
    match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND | ERROR_INVALID_NAME) => {
            ErrorCode::NoEntry
        }
        Some(ERROR_ACCESS_DENIED | ERROR_SHARING_VIOLATION) => ErrorCode::Access,
        Some(ERROR_PRIVILEGE_NOT_HELD) => ErrorCode::NotPermitted,
        Some(ERROR_INVALID_HANDLE) => ErrorCode::BadDescriptor,
        Some(ERROR_NOT_ENOUGH_MEMORY | ERROR_OUTOFMEMORY) => ErrorCode::InsufficientMemory,
        Some(ERROR_DIR_NOT_EMPTY) => ErrorCode::NotEmpty,
        Some(ERROR_NOT_READY | ERROR_BUSY) => ErrorCode::Busy,
        Some(ERROR_NOT_SUPPORTED) => ErrorCode::Unsupported,
        Some(ERROR_FILE_EXISTS | ERROR_ALREADY_EXISTS) => ErrorCode::Exist,
        Some(ERROR_BROKEN_PIPE) => ErrorCode::Pipe,
        Some(ERROR_BUFFER_OVERFLOW) => ErrorCode::NameTooLong,
        Some(ERROR_NOT_A_REPARSE_POINT | ERROR_NEGATIVE_SEEK) => ErrorCode::Invalid,
        Some(ERROR_DIRECTORY) => ErrorCode::NotDirectory,
        Some(ERROR_STOPPED_ON_SYMLINK) => ErrorCode::Loop,
        Some(ERROR_DIRECTORY_NOT_SUPPORTED) => ErrorCode::IsDirectory,
        _ => code_of_kind(error.kind()),
    }
}

/// Returns the code for an error that has none by its number.
fn code_of_kind(kind: io::ErrorKind) -> ErrorCode {
    match kind {
        io::ErrorKind::NotFound => ErrorCode::NoEntry,
        io::ErrorKind::PermissionDenied => ErrorCode::NotPermitted,
        io::ErrorKind::AlreadyExists => ErrorCode::Exist,
        io::ErrorKind::InvalidInput => ErrorCode::Invalid,
        _ => ErrorCode::Io,
    }
}

#[cfg(all(test, feature = "component"))]
mod tests {
    use wasmtime_wasi::p2::bindings::filesystem::types;

    use super::*;

    #[test]
    fn each_error_has_the_code_that_wasmtime_wasi_has_for_it() {
        for number in 1..16_000 {
            let error = io::Error::from_raw_os_error(number);
            let theirs = ErrorCode::from(types::ErrorCode::from(&error));
            assert_eq!(explained(Operation::Stat, &error), theirs, "{error:?}");
        }
    }
}
