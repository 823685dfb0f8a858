//! The component, ready to be instantiated: its ahead-of-time code, and the one engine of the process.

pub(crate) mod calls;
mod code;
pub(crate) mod engine;
pub(crate) mod instance;
mod pool;
mod prelink;
pub(crate) mod state;
mod wasi_files;

use wasmtime::{Engine, component::Component};

/// The component's bytes, for hosts that compile it or pass it on. They are bound to no version of wasmtime.
/// [`component`] has an example.
pub const COMPONENT: &[u8] = include_bytes!("../lockfile.wasm");

/// Loads the component into an engine of the caller's. If the engine has the settings that
/// [`configure`](crate::configure) makes, it loads the code that was compiled ahead of time, in a quarter of a
/// millisecond.
///
/// For an engine with other settings it compiles the component, in some tens of milliseconds, if this crate's feature
/// `cranelift` is on. Without the feature, a host with a compiler calls `Component::new(engine, COMPONENT)`. A host
/// without one loads what it compiled before, as it does for its plugins.
///
/// ```
/// use lockhost::wasmtime::{Config, Engine, component::Component};
///
/// # fn main() -> lockhost::wasmtime::Result<()> {
/// let mut config = Config::new();
/// lockhost::configure(&mut config);
/// let component = lockhost::component(&Engine::new(&config)?)?;
///
/// let mut config = Config::new();
/// config.consume_fuel(true);
/// let engine = Engine::new(&config)?;
/// // The host's own wasmtime has the feature `cranelift` here.
/// let component = Component::new(&engine, lockhost::COMPONENT)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the code does not fit the engine, and there is no compiler; the error names the setting that differs.
pub fn component(engine: &Engine) -> wasmtime::Result<Component> {
    code::deserialize(engine).or_else(|misfit| compile(engine, misfit))
}

#[cfg(feature = "cranelift")]
fn compile(engine: &Engine, _misfit: wasmtime::Error) -> wasmtime::Result<Component> {
    Component::from_binary(engine, COMPONENT)
}

#[cfg(not(feature = "cranelift"))]
fn compile(_engine: &Engine, misfit: wasmtime::Error) -> wasmtime::Result<Component> {
    Err(misfit.context(
        "the engine has other settings than lockhost::configure() makes; without its feature `cranelift`, lockhost has no \
         compiler for it",
    ))
}
