//! The native module of the Python package `lockhost`: the crate `lockhost` with its native backend, as classes of Python.
//!
//! It decides nothing and waits for nothing. An attempt goes on as far as it can, and Python polls its descriptors. So a
//! signal ends a wait as it ends any other wait in Python, and no frame of this module is on the stack of a waiting thread.
//!
//! Each call that touches files releases the interpreter's lock (GIL) meanwhile. No call runs code of Python; `error` has the
//! reason.

#![forbid(unsafe_code)]

use pyo3::prelude::*;

mod attempt;
mod data;
mod error;
mod lock;
mod options;
mod status;

/// What the package `lockhost` is made from.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::{
        attempt::Attempt,
        error::Failure,
        lock::{Lock, Watch},
        options::Options,
        status::inspect,
    };

    #[pymodule_export]
    const DEFAULT_NAME: &str = lockhost::DEFAULT_NAME;

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
