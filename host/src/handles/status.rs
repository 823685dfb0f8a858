//! The reasons why a call fails, and WASI's codes for them.

use std::io;

use windows_sys::Win32::Foundation::{
    NTSTATUS, RtlNtStatusToDosError, STATUS_DELETE_PENDING, STATUS_FILE_IS_A_DIRECTORY,
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_INFO_CLASS, STATUS_INVALID_PARAMETER,
    STATUS_NAME_TOO_LONG, STATUS_NOT_IMPLEMENTED, STATUS_NOT_SUPPORTED, STATUS_SHARING_VIOLATION,
    STATUS_TOO_MANY_LINKS,
};

use crate::outcome::{ErrorCode, Operation, error_code::explained};

/// The reason why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(pub(super) NTSTATUS);

impl Status {
    /// Returns whether a directory has the name.
    #[cfg(feature = "component")]
    pub(crate) fn is_of_a_directory(self) -> bool {
        self.0 == STATUS_FILE_IS_A_DIRECTORY
    }

    /// Returns whether a file system, or a system, reports by this that it does not support a request.
    pub(super) fn is_of_the_unknown(self) -> bool {
        matches!(
            self.0,
            STATUS_INVALID_DEVICE_REQUEST
                | STATUS_INVALID_INFO_CLASS
                | STATUS_INVALID_PARAMETER
                | STATUS_NOT_IMPLEMENTED
                | STATUS_NOT_SUPPORTED
        )
    }

    /// Returns whether another process has the file open and does not permit the operation. That may be over in a
    /// moment: a program that scans all files keeps each open only briefly.
    pub(super) fn passes(self) -> bool {
        self.0 == STATUS_SHARING_VIOLATION
    }

    /// Returns WASI's code for it, as the failure of this operation.
    #[allow(unsafe_code)]
    pub(crate) fn code(self, operation: Operation) -> ErrorCode {
        match self.0 {
            // The file is removed, and disappears when the last process that has it open closes it. Until then its name
            // is in use, and no process can open it any more.
            STATUS_DELETE_PENDING => match operation {
                Operation::Create | Operation::Link => ErrorCode::Exist,
                _ => ErrorCode::NoEntry,
            },
            STATUS_SHARING_VIOLATION => ErrorCode::Busy,
            _ if self.is_of_the_unknown() => ErrorCode::Unsupported,
            STATUS_NAME_TOO_LONG => ErrorCode::NameTooLong,
            STATUS_TOO_MANY_LINKS => ErrorCode::TooManyLinks,
            STATUS_FILE_IS_A_DIRECTORY => match operation {
                Operation::Create => ErrorCode::Exist,
                _ => ErrorCode::IsDirectory,
            },
            status => {
                // SAFETY: nothing is pointed to.
                let error = unsafe { RtlNtStatusToDosError(status) };
                explained(
                    operation,
                    &io::Error::from_raw_os_error(error.cast_signed()),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Foundation::{STATUS_OBJECT_NAME_NOT_FOUND, STATUS_STOPPED_ON_SYMLINK};

    use super::*;

    #[test]
    fn a_name_of_a_removed_file_is_in_use_and_has_no_file() {
        let status = Status(STATUS_DELETE_PENDING);
        for (operation, code) in [
            (Operation::Create, ErrorCode::Exist),
            (Operation::Link, ErrorCode::Exist),
            (Operation::Open, ErrorCode::NoEntry),
            (Operation::Stat, ErrorCode::NoEntry),
            (Operation::Remove, ErrorCode::NoEntry),
        ] {
            assert_eq!(status.code(operation), code, "{operation:?}");
        }
    }

    #[test]
    fn a_reason_has_the_code_of_the_error_that_win32_has_for_it() {
        for (status, code) in [
            (STATUS_OBJECT_NAME_NOT_FOUND, ErrorCode::NoEntry),
            (STATUS_STOPPED_ON_SYMLINK, ErrorCode::Loop),
            (STATUS_SHARING_VIOLATION, ErrorCode::Busy),
            (STATUS_NOT_SUPPORTED, ErrorCode::Unsupported),
        ] {
            assert_eq!(Status(status).code(Operation::Open), code, "{status:#x}");
        }
    }
}
