//! The component, built from `guest/` as it is embedded.

pub mod enums;
pub mod names;
pub mod optimise;

use std::{fs, path::Path, process::Command};

use wit_component::{ComponentEncoder, DecodedWasm, WitPrinter};

pub use crate::workspace;

/// Builds the component, with `target` for the compiler's files. The same source, rustc and wasm-opt make the same
/// bytes.
///
/// The encoder of components makes a fifth more bytes than needed, and has no options for that, so its output is
/// processed once more. The component's imports and exports stay the same to the letter, which this function checks.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn build(target: &Path) -> Vec<u8> {
    let encoded = encode(&compile(target));
    let component = names::shorten(&enums::share(&encoded));
    assert_eq!(
        wit(&component),
        wit(&encoded),
        "the component is to stay the same, seen from without"
    );
    component
}

/// Compiles the core module.
fn compile(target: &Path) -> Vec<u8> {
    let status = Command::new(env!("CARGO"))
        .args(["rustc", "--quiet", "--package", "lockhost-guest", "--lib"])
        .args([
            "--crate-type",
            "cdylib",
            "--target",
            "wasm32-wasip2",
            "--profile",
            "component",
        ])
        .arg("--target-dir")
        .arg(target)
        // This target's own default is position-independent code, for which a component has no use. The reduction of
        // loop strength trades bytes for time that is not spent here.
        .args(["--", "-C", "relocation-model=static"])
        .args(["-C", "llvm-args=-disable-lsr"])
        // Inlining a call that is this small costs fewer bytes than the call.
        .args(["-C", "llvm-args=-inline-threshold=7"])
        .current_dir(workspace())
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "guest/ does not build");
    let module = target.join("wasm32-wasip2/component/lockhost_guest.wasm");
    let smaller = target.join("optimised.wasm");
    optimise::optimise(&module, &smaller);
    fs::read(smaller).expect("the module was written")
}

/// Encodes a core module as a component. Without an adapter for WASI its imports keep the version that wit/ names,
/// which every 0.2 host can link.
fn encode(module: &[u8]) -> Vec<u8> {
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.encode())
        .expect("the module has what a component needs")
}

/// Returns a component's imports and exports as WIT. Decoding also validates the component.
fn wit(component: &[u8]) -> String {
    let decoded = wit_component::decode(component).expect("a component");
    assert!(
        matches!(decoded, DecodedWasm::Component(..)),
        "a WIT package, and no component"
    );
    let resolve = decoded.resolve();
    let others = resolve.packages.iter().map(|(id, _)| id);
    let others: Vec<_> = others.filter(|id| *id != decoded.package()).collect();
    let mut printer = WitPrinter::default();
    printer
        .print(resolve, decoded.package(), &others)
        .expect("it can be printed");
    printer.output.into()
}
