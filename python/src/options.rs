//! The options of a lock.

use std::{path::PathBuf, time::Duration};

use pyo3::{exceptions::PyValueError, prelude::*};

use crate::{attempt::Attempt, data::Replaced, error::outcome, lock::Lock};

/// The options of a lock: its name, and how it is acquired.
#[pyclass(frozen, module = "lockhost._native")]
pub(crate) struct Options(lockhost::Options);

#[pymethods]
impl Options {
    /// Returns the options. Without `patience`, an attempt does not wait for an owner; `inf` means for ever.
    #[new]
    #[pyo3(signature = (*, name, patience, mode, assume_dead, wait_for_ancestor))]
    fn new(
        name: &str,
        patience: Option<f64>,
        mode: u32,
        assume_dead: Option<&str>,
        wait_for_ancestor: bool,
    ) -> PyResult<Self> {
        let invalid = |error: lockhost::InvalidMode| PyValueError::new_err(error.to_string());
        let mode = lockhost::Mode::new(mode).map_err(invalid)?;
        let mut options = lockhost::Options::new()
            .name(name)
            .mode(mode)
            .wait_for_ancestor(wait_for_ancestor);
        if let Some(seconds) = patience {
            // Too long for a duration is as good as for ever.
            let patience = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            options = options.patience(patience);
        }
        if let Some(owner) = assume_dead {
            options = options.assume_dead(owner);
        }
        Ok(Self(options))
    }

    /// Begins an attempt.
    fn attempt<'py>(&self, py: Python<'py>, directory: PathBuf) -> PyResult<Bound<'py, PyAny>> {
        let attempt = py.detach(|| self.0.attempt(directory));
        outcome(py, attempt.map(Attempt::new))
    }

    /// Acquires the lock, or fails, without any wait.
    fn acquire_at_once<'py>(
        &self,
        py: Python<'py>,
        directory: PathBuf,
    ) -> PyResult<Bound<'py, PyAny>> {
        let lock = py.detach(|| self.0.clone().wait(false).acquire(directory));
        outcome(py, lock.map(Lock::new))
    }

    /// Removes the lock of exactly this owner.
    fn break_lock<'py>(
        &self,
        py: Python<'py>,
        directory: PathBuf,
        owner: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let removed = py.detach(|| self.0.break_lock(directory, owner));
        outcome(
            py,
            removed.map(|it| it.iter().map(Replaced::from).collect::<Vec<_>>()),
        )
    }
}
