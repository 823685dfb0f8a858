//! Judging a lock without acquiring it.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::{data::Status, error::outcome};

/// Judges the lock of this name on a directory, and writes nothing.
#[pyfunction]
pub(crate) fn inspect<'py>(
    py: Python<'py>,
    directory: PathBuf,
    name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let status = py.detach(|| lockhost::inspect(directory, name));
    outcome(py, status.map(|it| Status::from(&it)))
}
