//! The component, built from `guest/` as it is embedded.

pub mod enums;
pub mod names;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wit_component::{DecodedWasm, WitPrinter};

/// The repository.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Builds the component, with `target` for the compiler's files. The same source and rustc make the same bytes.
///
/// The linker encodes a component as if nobody minded a quarter more of bytes, and has no options for it, so what it
/// makes is gone over once more. What the component imports and exports stays the same to the letter, which is seen to
/// here.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn build(target: &Path) -> Vec<u8> {
    let linked = link(target);
    let component = names::shorten(&enums::share(&linked));
    assert_eq!(
        wit(&component),
        wit(&linked),
        "the component is to stay the same, seen from without"
    );
    component
}

fn link(target: &Path) -> Vec<u8> {
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
        // This target's own default is position-independent code, which a component has no use for. The reduction of
        // loop strength trades bytes for time that nothing here spends.
        .args(["--", "-C", "relocation-model=static"])
        .args(["-C", "llvm-args=-disable-lsr"])
        .current_dir(workspace())
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "guest/ does not build");
    fs::read(target.join("wasm32-wasip2/component/lockhost_guest.wasm"))
        .expect("the component was built")
}

/// What a component imports and exports, as WIT. Decoding it validates the component as well.
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
