//! The lock, while it is held.

use std::{
    ffi::OsString,
    os::fd::{AsRawFd, IntoRawFd, RawFd},
    sync::{PoisonError, RwLock},
};

use pyo3::prelude::*;

use crate::{
    data::{Replaced, Warning},
    error::outcome,
};

/// A lock that is held.
///
/// Calls from several threads share the inner lock; `release` waits for them. In a child made by fork(2) a thread that no
/// longer exists may have left it locked. So the package calls nothing but `abandon` there, which does not wait.
#[pyclass(frozen, module = "lockhost._native")]
pub(crate) struct Lock {
    /// `None` once released.
    lock: RwLock<Option<lockhost::Lock>>,
    path: OsString,
    pid: u32,
    identity: String,
    has_evidence: bool,
    is_claimed: bool,
}

impl Lock {
    pub(crate) fn new(lock: lockhost::Lock) -> Self {
        Self {
            path: lock.path().into(),
            pid: lock.pid(),
            identity: lock.identity().to_owned(),
            has_evidence: lock.has_evidence(),
            is_claimed: lock.is_claimed(),
            lock: RwLock::new(Some(lock)),
        }
    }

    /// Asks the lock, with the interpreter's lock released. Returns the other value once it was released.
    fn ask<'py, T: Send + IntoPyObject<'py>>(
        &self,
        py: Python<'py>,
        released: T,
        ask: impl FnOnce(&lockhost::Lock) -> Result<T, lockhost::Error> + Send,
    ) -> PyResult<Bound<'py, PyAny>> {
        let answer = py.detach(|| {
            let lock = self.lock.read().unwrap_or_else(PoisonError::into_inner);
            lock.as_ref().map_or(Ok(released), ask)
        });
        outcome(py, answer)
    }
}

#[pymethods]
impl Lock {
    /// The path of the lock file.
    #[getter]
    fn path(&self) -> &OsString {
        &self.path
    }

    /// The number in the lock file.
    #[getter]
    fn pid(&self) -> u32 {
        self.pid
    }

    /// The identity of the owner.
    #[getter]
    fn identity(&self) -> &str {
        &self.identity
    }

    /// Whether the kernel keeps evidence for this lock.
    #[getter]
    fn has_evidence(&self) -> bool {
        self.has_evidence
    }

    /// Whether the lock has a claim beside it.
    #[getter]
    fn is_claimed(&self) -> bool {
        self.is_claimed
    }

    /// Returns what was removed to acquire the lock.
    fn replaced<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Vec::new(), |lock| {
            Ok(lock.replaced().iter().map(Replaced::from).collect())
        })
    }

    /// Returns problems that do not affect the lock.
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Vec::new(), |lock| {
            Ok(lock.warnings().iter().map(Warning::from).collect())
        })
    }

    /// Returns whether the lock is still held.
    fn still_held<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, false, lockhost::Lock::still_held)
    }

    /// Returns whether the lock was not released before, or a failure that explains a loss.
    fn verify<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, false, |lock| lock.verify().map(|()| true))
    }

    /// Returns a new descriptor of the open file that the kernel keeps locked. The caller closes it.
    fn evidence<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, None, |lock| {
            let evidence = lock.evidence()?;
            Ok(evidence.map(IntoRawFd::into_raw_fd))
        })
    }

    /// Returns a watch that becomes readable when the lock may be lost.
    fn watch<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, None, |lock| Ok(lock.watch().map(Watch)))
    }

    /// Releases the lock. Returns whether it was not released before.
    fn release<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let released = py.detach(|| {
            let mut lock = self.lock.write().unwrap_or_else(PoisonError::into_inner);
            lock.take().map(lockhost::Lock::release).transpose()
        });
        outcome(py, released.map(|it| it.is_some()))
    }

    /// Closes the descriptors that a child made by fork(2) has of its parent's lock, and touches no file. A thread of the
    /// parent may have been inside a call. Then the descriptors stay open until the child ends.
    fn abandon(&self) {
        if let Ok(mut lock) = self.lock.try_write() {
            drop(lock.take());
        }
    }
}

/// A descriptor that becomes readable when the lock may be lost.
#[pyclass(frozen, module = "lockhost")]
pub(crate) struct Watch(lockhost::Watch);

#[pymethods]
impl Watch {
    /// Returns the descriptor, for select(2), poll(2) or an event loop.
    fn fileno(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Makes the descriptor unreadable until something happens again. Returns whether something had happened.
    fn forget(&self) -> bool {
        self.0.forget()
    }
}
