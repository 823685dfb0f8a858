//! Attempts at a lock.

use std::{
    os::fd::{AsRawFd, RawFd},
    sync::{Mutex, MutexGuard, PoisonError},
};

use pyo3::{exceptions::PyRuntimeError, prelude::*};

use crate::{data::Waiting, error::outcome, lock::Lock};

/// An attempt at a lock. Its caller waits, on the descriptors.
///
/// One thread of Python has an attempt, so the mutex is never waited for.
#[pyclass(frozen, module = "lockhost._native")]
pub(crate) struct Attempt(Mutex<Option<lockhost::Attempt>>);

/// The progress of an attempt.
#[derive(IntoPyObject)]
pub(crate) enum Progress {
    Acquired(Lock),
    Waiting(Waiting),
}

impl Attempt {
    pub(crate) fn new(attempt: lockhost::Attempt) -> Self {
        Self(Mutex::new(Some(attempt)))
    }

    fn attempt(&self) -> MutexGuard<'_, Option<lockhost::Attempt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Attempt {
    /// Goes on as far as possible without waiting.
    fn proceed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let progress = py.detach(|| self.attempt().as_mut().map(lockhost::Attempt::proceed));
        let Some(progress) = progress else {
            return Err(PyRuntimeError::new_err("the attempt was given up"));
        };
        let progress = progress.map(|it| match it {
            lockhost::Progress::Acquired(lock) => Progress::Acquired(Lock::new(lock)),
            lockhost::Progress::Waiting(waiting) => Progress::Waiting(Waiting::from(&waiting)),
        });
        outcome(py, progress)
    }

    /// Returns the descriptors to poll beside the time. They are open until the next call of `proceed` or `give_up`.
    fn descriptors(&self) -> Vec<RawFd> {
        let attempt = self.attempt();
        let descriptors = attempt.iter().flat_map(lockhost::Attempt::descriptors);
        descriptors.map(|it| it.as_raw_fd()).collect()
    }

    /// Ends the attempt, and removes what it made.
    fn give_up(&self, py: Python<'_>) {
        py.detach(|| drop(self.attempt().take()));
    }
}
