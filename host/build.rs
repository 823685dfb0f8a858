//! Compiles the embedded component ahead of time, so that no compiler ends up in the program that embeds it.

use std::{env, error::Error, fs, path::PathBuf};

use wasmtime::{Config, Engine};

#[path = "src/engine.rs"]
#[allow(unreachable_pub, reason = "the library exports it")]
mod engine;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=lockfile.wasm");
    println!("cargo::rerun-if-changed=src/engine.rs");
    println!("cargo::rerun-if-changed=wit");
    let mut config = Config::new();
    engine::configure(&mut config);
    // Naming the target also means its baseline processor, and not the one that happens to build.
    config.target(&env::var("TARGET")?)?;
    let component = fs::read("lockfile.wasm")?;
    let code = Engine::new(&config)?.precompile_component(&component)?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("lockfile.cwasm"), code)?;
    Ok(())
}
