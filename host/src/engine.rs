//! The engine's settings. Code compiled ahead of time loads only under the settings that it was compiled with, so the
//! build script and the library share this file.

use wasmtime::{Config, WasmBacktraceDetails};

/// What both sides must agree on.
pub(crate) fn configure(config: &mut Config) {
    config
        // Not left to an environment variable, which would decide whether the code loads.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        // Not left to a feature that another crate may turn on.
        .concurrency_support(false)
        // The embedding program's signal handlers are its own.
        .signals_based_traps(false)
        // A lock needs a few pages, and must be had under `ulimit -v`: no address space is set aside.
        .memory_reservation(0)
        .memory_guard_size(65_536)
        .memory_reservation_for_growth(1 << 20);
}
