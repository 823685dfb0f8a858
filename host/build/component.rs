//! The embedded component, compiled ahead of time, so that the program that embeds it contains no compiler.

use std::{env, error::Error, fs, path::PathBuf};

use wasmtime::{Config, Engine, WasmFeatures};

#[path = "../src/component/engine.rs"]
#[allow(unreachable_pub, reason = "the library exports it")]
mod engine;

/// Compiles the component for the target of the build.
pub(crate) fn compile() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=lockfile.wasm");
    println!("cargo::rerun-if-changed=src/component/engine.rs");
    println!("cargo::rerun-if-changed=wit");
    println!("cargo::rerun-if-env-changed=DOCS_RS");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let out = out.join("lockfile.cwasm");
    if env::var_os("DOCS_RS").is_some() {
        // docs.rs runs no code.
        return Ok(fs::write(out, [])?);
    }
    let mut config = Config::new();
    engine::configure(&mut config);
    // Not left to features of wasmtime that another crate turns on for build scripts alone: code for which these proposals are
    // enabled loads only in an engine that has them. The component uses none of them.
    let proposals = WasmFeatures::GC_TYPES | WasmFeatures::EXCEPTIONS | WasmFeatures::THREADS;
    config.wasm_features(proposals, false);
    // Naming the target also selects its baseline processor, and not the processor of the machine that builds.
    let target = target()?;
    config.target(&target)?;
    // The map from machine code to the component's instructions, and the unwind information for debuggers. Only Windows
    // needs one of them, the unwind information.
    config.generate_address_map(false);
    config.native_unwind_info(env::var("CARGO_CFG_TARGET_OS")? == "windows");
    let engine = Engine::new(&config).map_err(|error| {
        format!(
            "no code can be made for {target} here: {error:#}; the feature `all-arch` brings code generators for other \
             machines than this one, and with the feature `pulley` none is needed"
        )
    })?;
    let component = fs::read("lockfile.wasm")?;
    Ok(fs::write(out, engine.precompile_component(&component)?)?)
}

/// Returns the target of the compiled code: the machine, or wasmtime's interpreter where wasmtime cannot compile for
/// such machines, and where it is asked for.
fn target() -> Result<String, Box<dyn Error>> {
    const NATIVE: [&str; 4] = ["x86_64", "aarch64", "riscv64", "s390x"];
    let architecture = env::var("CARGO_CFG_TARGET_ARCH")?;
    let interpreted = env::var_os("CARGO_FEATURE_PULLEY").is_some();
    if NATIVE.contains(&architecture.as_str()) && !interpreted {
        return Ok(env::var("TARGET")?);
    }
    let bits = env::var("CARGO_CFG_TARGET_POINTER_WIDTH")?.parse()?;
    let big_endian = env::var("CARGO_CFG_TARGET_ENDIAN")? == "big";
    Ok(engine::pulley(bits, big_endian))
}
