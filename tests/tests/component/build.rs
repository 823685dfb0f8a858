//! The embedded component: its permissions, its size, and that it is the one built from `guest/`.

use std::{collections::BTreeMap, env, fs, path::Path, process::Command};

use lockhost_tests::component::{build, optimise, workspace};
use wit_component::DecodedWasm;
use wit_parser::{WorldItem, WorldKey};

/// In bytes. The component grows with the contract and the protocol, and with nothing else. Five of its kilobytes put
/// lock files back, and one reads files with more than a pid and judges those that may not be opened. The machine is a
/// crate of its own, since a native driver needs it without the contract: what is inlined across two crates takes one. Three
/// are for owners with sessions, most of them to list the claims of others. Three are for shares, on which a name that is compared
/// is opened, and its links are counted.
/// Four kilobytes more save a tenth of the instructions of an acquisition (`embedding instructions` counts them).
const LARGEST: usize = 64 << 10;

fn embedded() -> Vec<u8> {
    fs::read(workspace().join("host/lockfile.wasm"))
        .expect("the component is part of the repository")
}

/// Each interface that the component names, with its functions.
type Interfaces = BTreeMap<String, Vec<String>>;

fn interfaces() -> (Interfaces, Interfaces) {
    let decoded = wit_component::decode(&embedded()).expect("a component");
    let DecodedWasm::Component(resolve, world) = &decoded else {
        panic!("a WIT package, and no component");
    };
    let world = &resolve.worlds[*world];
    let list = |items: Vec<_>| {
        let named = items
            .into_iter()
            .map(|(key, item): (&WorldKey, &WorldItem)| {
                let name = resolve.name_world_key(key);
                let functions = match item {
                    WorldItem::Interface { id, .. } => {
                        resolve.interfaces[*id].functions.keys().cloned().collect()
                    }
                    other => panic!("{name} is no interface: {other:?}"),
                };
                (name, functions)
            });
        named.collect::<Interfaces>()
    };
    (
        list(world.imports.iter().collect()),
        list(world.exports.iter().collect()),
    )
}

#[test]
fn it_imports_the_file_system_and_process_and_nothing_else() {
    let (imports, _) = interfaces();
    let names: Vec<&str> = imports.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "lockhost:lockfile/process@0.1.0",
            "wasi:clocks/wall-clock@0.2.0",
            "wasi:filesystem/types@0.2.0",
        ]
    );
    // Named for the record `datetime` alone: it cannot ask for the time.
    assert!(
        imports["wasi:clocks/wall-clock@0.2.0"].is_empty(),
        "{imports:#?}"
    );
    assert_eq!(
        imports["lockhost:lockfile/process@0.1.0"],
        ["current", "identify", "guard", "process-alive"]
    );
    let writing = [
        "create-directory-at",
        "rename-at",
        "symlink-at",
        "set-size",
        "set-times-at",
        "remove-directory-at",
    ];
    for function in &imports["wasi:filesystem/types@0.2.0"] {
        assert!(
            !writing.iter().any(|it| function.ends_with(it)),
            "it has no use for {function}"
        );
    }
}

#[test]
fn it_exports_the_lock_and_nothing_else() {
    let (_, exports) = interfaces();
    let names: Vec<&str> = exports.keys().map(String::as_str).collect();
    assert_eq!(names, ["lockhost:lockfile/lockfile@0.1.0"]);
}

#[test]
fn it_is_small() {
    let size = embedded().len();
    println!("the component has {size} bytes");
    assert!(size <= LARGEST, "{size} bytes are more than {LARGEST}");
}

#[test]
fn it_names_no_path_of_the_machine_that_built_it() {
    let component = embedded();
    for part in [&b".rs"[..], b"cargo", b"rustlib", b"/home/", b"/root/"] {
        assert!(!component.windows(part.len()).any(|window| window == part));
    }
}

#[test]
#[cfg_attr(
    no_wasm_target,
    ignore = "the target wasm32-wasip2 is not installed (rustup target add wasm32-wasip2)"
)]
#[cfg_attr(
    other_rustc,
    ignore = "this is not the rustc that host/lockfile.wasm.rustc notes, so the bytes may differ"
)]
#[cfg_attr(
    other_wasm_opt,
    ignore = "there is no wasm-opt (Debian: binaryen), or not the one that host/lockfile.wasm.wasm-opt notes"
)]
fn it_is_what_guest_builds_byte_for_byte() {
    let noted = fs::read_to_string(workspace().join("host/lockfile.wasm.rustc")).expect("a note");
    let rustc = Command::new("rustc")
        .arg("--version")
        .output()
        .expect("rustc can be started");
    let rustc = String::from_utf8(rustc.stdout).expect("a version is text");
    assert_eq!(
        rustc, noted,
        "the bytes may differ under another rustc than the one that is noted"
    );
    let noted = workspace().join("host/lockfile.wasm.wasm-opt");
    assert_eq!(
        optimise::version(),
        fs::read_to_string(noted).expect("a note"),
        "the bytes may differ under another wasm-opt than the one that is noted"
    );
    let built = build(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("component"));
    if built != embedded() {
        let embedded = workspace().join("host/lockfile.wasm");
        fs::write(&embedded, built).expect("the embedded component can be written");
        panic!("host/lockfile.wasm was not what guest/ builds; it is now: build and test again");
    }
}
