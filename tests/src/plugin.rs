//! Plugins, as their authors build them: the one that is published as an example, and one with faults in
//! `tests/plugins/counter`. By itself, or composed with the component.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wac_graph::{CompositionGraph, EncodeOptions, plug, types::Package};

use crate::component::workspace;

/// The profile of the component: small, so that compiling a plugin again is fast. A package beside the workspace does not
/// have it, and what is compiled with equal settings is used again.
const PROFILE: [&str; 6] = [
    "inherits='release'",
    "opt-level='z'",
    "lto='fat'",
    "codegen-units=1",
    "panic='abort'",
    "strip=true",
];

/// Builds the plugin with faults, with `target` for the compiler's files.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn faulty(target: &Path) -> Vec<u8> {
    let arguments = [
        "--package",
        "counter-plugin",
        "--lib",
        "--crate-type",
        "cdylib",
    ];
    build(&workspace(), &arguments, target);
    let component = target.join("wasm32-wasip2/component/counter_plugin.wasm");
    fs::read(component).expect("the plugin was written")
}

/// Returns the folder of the plugin that is published.
#[must_use]
pub fn example() -> PathBuf {
    workspace().join("host/examples/counter")
}

/// Builds the plugin that is published, as its page shows it: in a folder of its own, from its files and the contract.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn counter(target: &Path) -> Vec<u8> {
    let place = tempfile::tempdir().expect("a temporary directory");
    let copy = |from: &Path, name: &str| {
        let to = place.path().join(name);
        fs::create_dir_all(to.parent().expect("it is in a folder")).expect("a folder for it");
        fs::copy(from, to).expect("it can be copied");
    };
    for name in ["lib.rs", "counter.wit"] {
        copy(&example().join(name), name);
    }
    copy(&example().join("manifest.toml"), "Cargo.toml");
    // The versions that the workspace has compiled.
    copy(&workspace().join("Cargo.lock"), "Cargo.lock");
    copy(&workspace().join("wit/lockfile.wit"), "wit/lockfile.wit");
    for package in ["clocks", "filesystem", "io"] {
        let folder = Path::new("wit/deps").join(package);
        for file in fs::read_dir(workspace().join(&folder)).expect("the contract has it") {
            let file = file.expect("an entry");
            let name = folder.join(file.file_name());
            copy(&file.path(), name.to_str().expect("the name is text"));
        }
    }
    let profile = PROFILE.map(|setting| format!("profile.component.{setting}"));
    let arguments: Vec<_> = profile
        .iter()
        .flat_map(|setting| ["--config", setting.as_str()])
        .collect();
    build(place.path(), &arguments, target);
    let component = target.join("wasm32-wasip2/component/counter.wasm");
    fs::read(component).expect("the plugin was written")
}

/// Compiles a plugin in this folder.
fn build(folder: &Path, arguments: &[&str], target: &Path) {
    let status = Command::new(env!("CARGO"))
        .args(["rustc", "--quiet", "--target", "wasm32-wasip2"])
        .args(["--profile", "component"])
        .args(arguments)
        .arg("--target-dir")
        .arg(target)
        .current_dir(folder)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "the plugin does not build");
}

/// Composes the plugin and the component into one, as `wac plug` does.
///
/// # Panics
/// If the two do not fit.
#[must_use]
pub fn composed(plugin: &[u8]) -> Vec<u8> {
    let mut graph = CompositionGraph::new();
    let mut register = |name, bytes: &[u8]| {
        let package = Package::from_bytes(name, None, bytes.to_vec(), graph.types_mut());
        graph
            .register_package(package.expect("a component"))
            .expect("a name that is not taken")
    };
    let socket = register("plugin", plugin);
    let lockfile = register("lockhost", lockhost::COMPONENT);
    plug(&mut graph, vec![lockfile], socket)
        .expect("the plugin imports what the component exports");
    let options = EncodeOptions::default();
    graph.encode(options).expect("it can be composed")
}
