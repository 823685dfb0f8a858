//! A copy of the code, as wasmtime makes it.

use wasmtime::{Result, component::Component};

use super::{CODE, Code, copy};

/// Its bytes.
pub(super) fn code() -> &'static Code {
    CODE
}

/// Loads it.
pub(in crate::component) fn load() -> Result<Component> {
    copy()
}
