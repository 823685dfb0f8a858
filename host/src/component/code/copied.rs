//! A copy of the code, as wasmtime makes it.

use wasmtime::{Config, Engine, Result, component::Component};

use super::{CODE, Code, deserialize};

/// Its bytes.
pub(super) fn code() -> &'static Code {
    CODE
}

/// What an engine needs to run it: nothing.
pub(super) fn allow(_config: &mut Config) {}

/// Loads it.
pub(super) fn load(engine: &Engine) -> Result<Component> {
    deserialize(engine)
}
