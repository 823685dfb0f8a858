//! The engine's settings. Code compiled ahead of time loads only under the settings that it was compiled with, so the
//! build script and the library share this file.

use wasmtime::{Config, WasmBacktraceDetails};

/// Sets the engine's settings under which the ahead-of-time code loads, for an engine of the caller's that has no
/// compiler. [`component`](crate::component()) loads it.
///
/// They keep an engine small: no signal handlers, no reserved address space, no image of the initial memory. The caller
/// may add any setting that does not change the generated code, such as pooling or limits.
///
/// ```
/// use lockhost::wasmtime::{Config, Engine};
///
/// # fn main() -> lockhost::wasmtime::Result<()> {
/// let mut config = Config::new();
/// lockhost::configure(&mut config);
/// let component = lockhost::component(&Engine::new(&config)?)?;
/// # Ok(())
/// # }
/// ```
pub fn configure(config: &mut Config) {
    config
        // Not left to an environment variable, which would decide whether the code loads.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        // Not left to a feature that another crate may turn on.
        .concurrency_support(false)
        // The embedding program's signal handlers are its own.
        .signals_based_traps(false)
        // A lock needs a few pages, and must work under `ulimit -v`: no address space is reserved.
        .memory_reservation(0)
        .memory_guard_size(65_536)
        .memory_reservation_for_growth(1 << 20)
        // The initial memory has a hundred bytes: to copy them costs less than to map a page of them.
        .memory_init_cow(false);
    choose_target(config);
}

/// Chooses the machine's own code; where wasmtime has no compiler for it, wasmtime itself chooses its interpreter.
#[cfg(not(feature = "pulley"))]
fn choose_target(_config: &mut Config) {}

#[cfg(feature = "pulley")]
fn choose_target(config: &mut Config) {
    config
        .target(&pulley(usize::BITS, cfg!(target_endian = "big")))
        .expect("wasmtime knows its own interpreter");
}

/// Returns wasmtime's interpreter for machines of this kind.
#[allow(
    dead_code,
    reason = "the library interprets only with the feature `pulley`"
)]
pub(crate) fn pulley(bits: u32, big_endian: bool) -> String {
    let order = if big_endian { "be" } else { "" };
    format!("pulley{bits}{order}")
}
