//! The component's code, made ahead of time by the build script.

use wasmtime::{Config, Engine, Result, component::Component};

#[cfg_attr(target_os = "linux", path = "code/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "code/copied.rs")]
mod place;

/// As many bytes as it has.
type Code = [u8; include_bytes!(concat!(env!("OUT_DIR"), "/lockfile.cwasm")).len()];

const CODE: &Code = include_bytes!(concat!(env!("OUT_DIR"), "/lockfile.cwasm"));

/// How much of the caller's stack the component may take, in bytes: four times what is enough. Threads have 128 KiB where
/// the C library is frugal, as musl is.
const STACK: usize = 64 << 10;

/// The component in an engine of this library's own, with the settings of `config`, where its code lies if that can be.
/// Nobody may call it a second time while something that was loaded by it is there.
pub(super) fn load(mut config: Config) -> Result<Component> {
    config.max_wasm_stack(STACK);
    place::load(config)
}

/// The same from a copy, at any time.
pub(super) fn copy(mut config: Config) -> Result<Component> {
    config.max_wasm_stack(STACK);
    deserialize(&Engine::new(&config)?)
}

/// A copy of it in an engine of anybody's.
#[allow(unsafe_code)]
pub(super) fn deserialize(engine: &Engine) -> Result<Component> {
    // SAFETY: deserialize is unsafe because it trusts that the bytes came from wasmtime's compiler unchanged. These
    // did: the build script of this very build made them, and they are part of this program. A mismatch of version or
    // settings is found and answered with an error.
    unsafe { Component::deserialize(engine, place::code()) }
}
