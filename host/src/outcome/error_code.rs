//! The meaning of WASI's error codes, under which the machine knows why an operation failed.

use std::io;

#[cfg_attr(windows, path = "error_code/windows.rs")]
#[cfg_attr(not(windows), path = "error_code/unix.rs")]
mod platform;

#[cfg(unix)]
pub(crate) use self::platform::explained_of_open_file;
pub(crate) use self::platform::{BUSY_PASSES, explained};

/// Defines the codes, with the names that the contract has for them.
macro_rules! codes {
    ($($code:ident = $name:literal),+ $(,)?) => {
        /// Why an operation failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum ErrorCode {
            $($code,)+
        }

        impl ErrorCode {
            /// Returns the name of the code.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }
        }
    };
}

codes! {
    Access = "access",
    WouldBlock = "would-block",
    Already = "already",
    BadDescriptor = "bad-descriptor",
    Busy = "busy",
    Deadlock = "deadlock",
    Quota = "quota",
    Exist = "exist",
    FileTooLarge = "file-too-large",
    IllegalByteSequence = "illegal-byte-sequence",
    InProgress = "in-progress",
    Interrupted = "interrupted",
    Invalid = "invalid",
    Io = "io",
    IsDirectory = "is-directory",
    Loop = "loop",
    TooManyLinks = "too-many-links",
    MessageSize = "message-size",
    NameTooLong = "name-too-long",
    NoDevice = "no-device",
    NoEntry = "no-entry",
    NoLock = "no-lock",
    InsufficientMemory = "insufficient-memory",
    InsufficientSpace = "insufficient-space",
    NotDirectory = "not-directory",
    NotEmpty = "not-empty",
    NotRecoverable = "not-recoverable",
    Unsupported = "unsupported",
    NoTty = "no-tty",
    NoSuchDevice = "no-such-device",
    Overflow = "overflow",
    NotPermitted = "not-permitted",
    Pipe = "pipe",
    ReadOnly = "read-only",
    InvalidSeek = "invalid-seek",
    TextFileBusy = "text-file-busy",
    CrossDevice = "cross-device",
}

/// Returns the meaning of a code, in the operating system's words.
pub(crate) fn words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Access => "permission denied",
        ErrorCode::NotPermitted => "operation not permitted",
        ErrorCode::NoEntry => "no such file or directory",
        ErrorCode::Exist => "file exists",
        ErrorCode::InsufficientSpace => "no space left on device",
        ErrorCode::Quota => "disk quota exceeded",
        ErrorCode::ReadOnly => "read-only file system",
        ErrorCode::NameTooLong => "file name too long",
        ErrorCode::Loop => "too many levels of symbolic links",
        ErrorCode::TooManyLinks => "too many links",
        ErrorCode::NotDirectory => "not a directory",
        ErrorCode::IsDirectory => "is a directory",
        ErrorCode::Unsupported => "the file system does not support it",
        ErrorCode::InsufficientMemory => "out of memory",
        ErrorCode::Busy => platform::BUSY,
        ErrorCode::WouldBlock => "another process has a lease on it",
        ErrorCode::NoSuchDevice => {
            "another process replaced the file by a named pipe, socket or device"
        }
        ErrorCode::Interrupted => "interrupted",
        ErrorCode::Invalid => "invalid argument",
        ErrorCode::FileTooLarge => "file too large",
        ErrorCode::Io => "input/output error, or one without a WASI code (such as a stale handle)",
        other => other.name(),
    }
}

/// Returns the closest kind of the standard library's.
pub(crate) fn kind(code: ErrorCode) -> io::ErrorKind {
    match code {
        ErrorCode::Access | ErrorCode::NotPermitted => io::ErrorKind::PermissionDenied,
        ErrorCode::NoEntry => io::ErrorKind::NotFound,
        ErrorCode::Exist => io::ErrorKind::AlreadyExists,
        ErrorCode::InsufficientSpace => io::ErrorKind::StorageFull,
        ErrorCode::Quota => io::ErrorKind::QuotaExceeded,
        ErrorCode::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
        ErrorCode::NameTooLong | ErrorCode::Invalid => io::ErrorKind::InvalidInput,
        ErrorCode::TooManyLinks => io::ErrorKind::TooManyLinks,
        ErrorCode::NotDirectory => io::ErrorKind::NotADirectory,
        ErrorCode::IsDirectory => io::ErrorKind::IsADirectory,
        ErrorCode::Unsupported => io::ErrorKind::Unsupported,
        ErrorCode::InsufficientMemory => io::ErrorKind::OutOfMemory,
        ErrorCode::Busy => io::ErrorKind::ResourceBusy,
        ErrorCode::WouldBlock => io::ErrorKind::WouldBlock,
        ErrorCode::Interrupted => io::ErrorKind::Interrupted,
        ErrorCode::FileTooLarge => io::ErrorKind::FileTooLarge,
        _ => io::ErrorKind::Other,
    }
}
