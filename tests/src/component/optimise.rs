//! The optimiser of binaryen, `wasm-opt`.
//!
//! It finds what LLVM leaves behind when it optimises WebAssembly for size: locals that could be shared, code that two
//! branches have in common, functions that are the same. That is a twentieth of the component.

use std::{path::Path, process::Command};

/// Writes a smaller version of a core module.
///
/// # Panics
/// If `wasm-opt` cannot be started, or fails.
pub fn optimise(module: &Path, smaller: &Path) {
    let status = Command::new("wasm-opt")
        // In between, the control flow is taken apart and rebuilt, which pays once the code is small.
        .args(["-Oz", "--flatten", "--rereloop", "-Oz", "-Oz"])
        .args(["--flatten", "--rereloop", "-Oz", "-Oz", "--converge"])
        // A larger function with one caller stays one: apart, its locals have smaller numbers.
        .args(["--one-caller-inline-max-function-size", "20"])
        // The features of rustc's target beyond the first version of WebAssembly, as far as the module uses them.
        .args(["--enable-bulk-memory", "--enable-sign-ext"])
        .arg(module)
        .arg("--output")
        .arg(smaller)
        .status()
        .expect("wasm-opt can be started (Debian has it in the package binaryen)");
    assert!(status.success(), "wasm-opt cannot read what rustc made");
}

/// Returns the output of `wasm-opt --version`.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn version() -> String {
    let output = Command::new("wasm-opt")
        .arg("--version")
        .output()
        .expect("wasm-opt can be started (Debian has it in the package binaryen)");
    String::from_utf8(output.stdout).expect("a version is text")
}
