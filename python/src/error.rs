//! Failures, of which the package makes its exceptions.
//!
//! A failure is a value that is returned. To make an exception here would run code of Python below frames of this module. If
//! the interpreter exits meanwhile, Python before 3.14 ends the thread by unwinding its stack, and these frames abort then.

use std::{ffi::OsString, io};

use lockhost::ErrorKind;
use pyo3::{IntoPyObjectExt, prelude::*};

use crate::data::Holder;

/// The reason why a call failed.
#[pyclass(frozen, module = "lockhost._native")]
pub(crate) struct Failure {
    kind: &'static str,
    message: String,
    path: OsString,
    hint: Option<String>,
    errno: Option<i32>,
    errno_name: Option<&'static str>,
    holder: Option<Holder>,
}

#[pymethods]
impl Failure {
    #[getter]
    fn kind(&self) -> &'static str {
        self.kind
    }

    #[getter]
    fn message(&self) -> &str {
        &self.message
    }

    #[getter]
    fn path(&self) -> &OsString {
        &self.path
    }

    #[getter]
    fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    #[getter]
    fn errno(&self) -> Option<i32> {
        self.errno
    }

    /// The name of the number, where only the kind of the failure is known: the machine names it without a number.
    #[getter]
    fn errno_name(&self) -> Option<&'static str> {
        self.errno_name
    }

    #[getter]
    fn holder(&self) -> Option<Holder> {
        self.holder.clone()
    }
}

impl From<&lockhost::Error> for Failure {
    fn from(error: &lockhost::Error) -> Self {
        Self {
            kind: kind(error.kind()),
            message: error.to_string(),
            path: error.path().into(),
            hint: error.hint().map(Into::into),
            errno: error.io_error().and_then(io::Error::raw_os_error),
            errno_name: error.io_error().map(io::Error::kind).and_then(errno_name),
            holder: error.holder().map(Holder::from),
        }
    }
}

/// Returns the value or the failure, as an object of Python.
pub(crate) fn outcome<'py, T: IntoPyObject<'py>>(
    py: Python<'py>,
    result: Result<T, lockhost::Error>,
) -> PyResult<Bound<'py, PyAny>> {
    match result {
        Ok(value) => value.into_bound_py_any(py),
        Err(error) => Failure::from(&error).into_bound_py_any(py),
    }
}

/// Returns the name that errno(3) has for a kind of failure.
fn errno_name(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::PermissionDenied => "EACCES",
        io::ErrorKind::NotFound => "ENOENT",
        io::ErrorKind::AlreadyExists => "EEXIST",
        io::ErrorKind::StorageFull => "ENOSPC",
        io::ErrorKind::QuotaExceeded => "EDQUOT",
        io::ErrorKind::ReadOnlyFilesystem => "EROFS",
        io::ErrorKind::TooManyLinks => "EMLINK",
        io::ErrorKind::NotADirectory => "ENOTDIR",
        io::ErrorKind::IsADirectory => "EISDIR",
        io::ErrorKind::Unsupported => "ENOTSUP",
        io::ErrorKind::OutOfMemory => "ENOMEM",
        io::ErrorKind::ResourceBusy => "EBUSY",
        io::ErrorKind::WouldBlock => "EAGAIN",
        io::ErrorKind::Interrupted => "EINTR",
        io::ErrorKind::FileTooLarge => "EFBIG",
        io::ErrorKind::InvalidInput => "EINVAL",
        _ => return None,
    })
}

/// Returns the word for a kind of error, as the program's `--json` has it.
fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Held => "held",
        ErrorKind::Ancestor => "ancestor",
        ErrorKind::Contended => "contended",
        ErrorKind::Unsettled => "unsettled",
        ErrorKind::Lost => "lost",
        ErrorKind::Inherited => "inherited",
        ErrorKind::NotTheOwner => "not-the-owner",
        ErrorKind::NotALock => "not-a-lock",
        ErrorKind::TooDeep => "too-deep",
        ErrorKind::BadName => "bad-name",
        ErrorKind::Io => "io",
        ErrorKind::Internal => "internal",
        _ => "other",
    }
}
