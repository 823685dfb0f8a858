//! A copy of the code, as wasmtime makes it.

use wasmtime::{Config, Engine, Result, component::Component};

use super::{CODE, Code, deserialize};

/// Its bytes.
pub(super) fn code() -> &'static Code {
    CODE
}

/// Loads it.
pub(super) fn load(config: Config) -> Result<Component> {
    deserialize(&Engine::new(&config)?)
}
