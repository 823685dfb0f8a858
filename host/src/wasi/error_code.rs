//! The codes of the contract for failures on Unix.

use rustix::io::Errno;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use crate::{bindings::direct::lockfile::Operation, outcome::error_code};

/// Returns WASI's code for a failure. For those without a code, the number is kept for the message.
pub(crate) fn explained(operation: Operation, error: Errno) -> ErrorCode {
    error_code::explained(operation.into(), error).into()
}

/// Does the same for an operation on an open file that another process made.
pub(crate) fn explained_of_open_file(operation: Operation, error: Errno) -> ErrorCode {
    error_code::explained_of_open_file(operation.into(), error).into()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn each_error_has_the_code_that_wasmtime_wasi_has_for_it() {
        for number in 1..134 {
            let error = Errno::from_raw_os_error(number);
            let code = explained(Operation::Open, error);
            let theirs = ErrorCode::from(io::Error::from_raw_os_error(number));
            match error {
                Errno::DQUOT => assert_eq!(code, ErrorCode::Quota),
                Errno::ROFS => assert_eq!(code, ErrorCode::ReadOnly),
                _ => assert_eq!(code, theirs, "{error:?}"),
            }
        }
    }
}
