//! A copy of the code, as wasmtime makes it.

use wasmtime::{Config, Engine, Result, component::Component};

use super::deserialize;

/// What an engine needs to run it: nothing.
pub(super) fn allow(_config: &mut Config) {}

/// Loads it.
pub(super) fn load(engine: &Engine) -> Result<Component> {
    deserialize(engine)
}
