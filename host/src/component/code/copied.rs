//! The code as a copy that wasmtime makes.

use wasmtime::{Result, component::Component};

use super::{CODE, Code, copy};

/// Returns the code's bytes.
pub(super) fn code() -> &'static Code {
    CODE
}

/// Loads the component from a copy.
pub(in crate::component) fn load() -> Result<Component> {
    copy()
}
