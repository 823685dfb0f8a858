//! The component's code, compiled ahead of time by the build script.

use wasmtime::{Config, Engine, Result, component::Component};

use super::engine;

#[cfg_attr(target_os = "linux", path = "code/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "code/copied.rs")]
mod place;

pub(super) use self::place::load;

/// The bytes of the code, in an array of their length.
type Code = [u8; include_bytes!(concat!(env!("OUT_DIR"), "/lockfile.cwasm")).len()];

const CODE: &Code = include_bytes!(concat!(env!("OUT_DIR"), "/lockfile.cwasm"));

/// The part of the caller's stack that the component may use, in bytes: four times what is enough. Threads have 128 KiB
/// with a frugal C library such as musl.
const STACK: usize = 64 << 10;

/// Returns the settings of this library's own engine.
fn config() -> Config {
    let mut config = Config::new();
    engine::configure(&mut config);
    config.max_wasm_stack(STACK);
    config
}

/// Loads the component into such an engine, from a copy of its code.
pub(super) fn copy() -> Result<Component> {
    deserialize(&Engine::new(&config())?)
}

/// Loads a copy of the code into any engine.
#[allow(unsafe_code)]
pub(super) fn deserialize(engine: &Engine) -> Result<Component> {
    // SAFETY: deserialize is unsafe because it trusts that the bytes came from wasmtime's compiler unchanged. These
    // did: the build script of this very build made them, and they are part of this program. A mismatch of version or
    // settings is detected and returned as an error.
    unsafe { Component::deserialize(engine, place::code()) }
}
