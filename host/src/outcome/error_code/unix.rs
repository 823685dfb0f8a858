//! The meaning of a code on Unix, and the code of a failure.

use rustix::io::Errno;

use super::ErrorCode;
use crate::outcome::{Operation, cause};

/// The meaning of [`Busy`](ErrorCode::Busy).
pub(crate) const BUSY: &str = "device or resource busy";

/// Whether it passes by itself: a mount point, for instance, stays busy.
pub(crate) const BUSY_PASSES: bool = false;

/// Returns WASI's code for a failure. For those without a code, the number is kept for the message.
pub(crate) fn explained(operation: Operation, error: Errno) -> ErrorCode {
    let code = code(error);
    cause::note(operation, code, error.raw_os_error());
    code
}

/// Returns the code for the failure of an operation on an open file that another process made. On a network file system, such a
/// file is stale once another machine has removed its last name: it is gone.
pub(crate) fn explained_of_open_file(operation: Operation, error: Errno) -> ErrorCode {
    match error {
        Errno::STALE => ErrorCode::NoEntry,
        error => explained(operation, error),
    }
}

/// Returns WASI's code for an error, the one that wasmtime-wasi has for it. Two errors have a code that wasmtime-wasi
/// does not use: `EDQUOT` and `EROFS`.
fn code(error: Errno) -> ErrorCode {
    // Two names of one number on some systems, so not in the list below.
    if error == Errno::OPNOTSUPP {
        return ErrorCode::Unsupported;
    }
    match error {
        Errno::ACCESS => ErrorCode::Access,
        Errno::ALREADY => ErrorCode::Already,
        Errno::BADF => ErrorCode::BadDescriptor,
        Errno::BUSY => ErrorCode::Busy,
        Errno::DQUOT => ErrorCode::Quota,
        Errno::EXIST => ErrorCode::Exist,
        Errno::FBIG => ErrorCode::FileTooLarge,
        Errno::ILSEQ => ErrorCode::IllegalByteSequence,
        Errno::INPROGRESS => ErrorCode::InProgress,
        Errno::INTR => ErrorCode::Interrupted,
        Errno::INVAL => ErrorCode::Invalid,
        Errno::ISDIR => ErrorCode::IsDirectory,
        Errno::LOOP => ErrorCode::Loop,
        Errno::MLINK => ErrorCode::TooManyLinks,
        Errno::NAMETOOLONG => ErrorCode::NameTooLong,
        Errno::NOENT => ErrorCode::NoEntry,
        Errno::NOMEM => ErrorCode::InsufficientMemory,
        Errno::NOSPC => ErrorCode::InsufficientSpace,
        Errno::NOTDIR => ErrorCode::NotDirectory,
        Errno::NOTEMPTY => ErrorCode::NotEmpty,
        Errno::NOTSUP => ErrorCode::Unsupported,
        Errno::OVERFLOW => ErrorCode::Overflow,
        Errno::PERM => ErrorCode::NotPermitted,
        Errno::PIPE => ErrorCode::Pipe,
        Errno::ROFS => ErrorCode::ReadOnly,
        Errno::SPIPE => ErrorCode::InvalidSeek,
        _ => ErrorCode::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_that_is_open_is_gone() {
        let stale = Errno::STALE;
        let code = explained_of_open_file(Operation::Read, stale);
        assert_eq!(code, ErrorCode::NoEntry);
        assert_eq!(explained(Operation::Stat, stale), ErrorCode::Io);
        let other = explained_of_open_file(Operation::Read, Errno::IO);
        assert_eq!(other, ErrorCode::Io);
    }
}
