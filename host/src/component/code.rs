//! The component's code, made ahead of time by the build script.

use wasmtime::{Config, Engine, Result, component::Component};

use super::engine;

#[cfg_attr(target_os = "linux", path = "code/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "code/copied.rs")]
mod place;

pub(super) use self::place::load;

/// As many bytes as it has.
type Code = [u8; include_bytes!(concat!(env!("OUT_DIR"), "/lockfile.cwasm")).len()];

const CODE: &Code = include_bytes!(concat!(env!("OUT_DIR"), "/lockfile.cwasm"));

/// How much of the caller's stack the component may take, in bytes: four times what is enough. Threads have 128 KiB where
/// the C library is frugal, as musl is.
const STACK: usize = 64 << 10;

/// The settings of an engine of this library's own.
fn config() -> Config {
    let mut config = Config::new();
    engine::configure(&mut config);
    config.max_wasm_stack(STACK);
    config
}

/// The component in such an engine, from a copy of its code.
pub(super) fn copy() -> Result<Component> {
    deserialize(&Engine::new(&config())?)
}

/// A copy of it in an engine of anybody's.
#[allow(unsafe_code)]
pub(super) fn deserialize(engine: &Engine) -> Result<Component> {
    // SAFETY: deserialize is unsafe because it trusts that the bytes came from wasmtime's compiler unchanged. These
    // did: the build script of this very build made them, and they are part of this program. A mismatch of version or
    // settings is found and answered with an error.
    unsafe { Component::deserialize(engine, place::code()) }
}
