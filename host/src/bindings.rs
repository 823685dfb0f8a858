//! The contract in `wit/`, as wasmtime's bindings make it.

#![allow(missing_docs, clippy::all, unreachable_pub, unused_qualifications)]

wasmtime::component::bindgen!({
    path: "wit",
    world: "lockhost",
    with: {
        "wasi": wasmtime_wasi::p2::bindings,
        "lockhost:lockfile/process.evidence": crate::evidence::Evidence,
    },
    imports: { default: trappable },
    exports: { default: async },
});
