//! The plugin in `tests/plugins/counter`, as a plugin's author would build it: by itself, or composed with the
//! component.

use std::{fs, path::Path, process::Command};

use wac_graph::{CompositionGraph, EncodeOptions, plug, types::Package};

use crate::component::workspace;

/// Builds it, with `target` for the compiler's files.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn counter(target: &Path) -> Vec<u8> {
    let status = Command::new(env!("CARGO"))
        .args(["rustc", "--quiet", "--package", "counter-plugin", "--lib"])
        .args(["--crate-type", "cdylib", "--target", "wasm32-wasip2"])
        // Small, so that compiling it again is fast.
        .args(["--profile", "component"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(workspace())
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "the plugin does not build");
    let component = target.join("wasm32-wasip2/component/counter_plugin.wasm");
    fs::read(component).expect("the plugin was written")
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
