//! The order of the source: each room imports only from lower layers, which ARCHITECTURE.md lists first. So a lower
//! layer can be read, and changed, without those above.

use std::{fs, path::Path};

mod broken;
mod rules;
mod source;
mod tokens;

use self::{rules::Library, source::Files};

/// `host/src`, the lowest layer first. Modules in one line do not know of each other.
const LIBRARY: Library = Library {
    root: "lib.rs",
    layers: &[
        "printable sys",
        "coordinator",
        "process",
        "member",
        "outcome",
        "handles",
        "bindings",
        "contract",
        "wasi",
        "process_host",
        "component",
        "backend",
        "lock",
        "plugin",
    ],
    rooms: &[
        (
            "sys",
            &[
                "clocks event open_file patience since single_kernel statx volume",
                "poll",
                "alarm timer",
            ],
        ),
        (
            "coordinator",
            &[
                "error key session timing",
                "operations",
                "reading view",
                "asker holding",
                "program taking",
            ],
        ),
        (
            "process",
            &[
                "entry identity keeper liveness number",
                "absent cmdline kill kinfo unix",
                "platform",
                "ancestors fork mode noted",
                "cached_self evidence",
                "judge",
            ],
        ),
        ("handles", &["creation_time status", "names", "listing"]),
        ("member", &["session", "observer renewal"]),
        (
            "wasi",
            &[
                "answer directory reopen stat",
                "error_code opening",
                "listing",
                "platform",
            ],
        ),
        (
            "component",
            &[
                "engine state",
                "code wasi_files",
                "prelink",
                "instance",
                "pool",
                "calls",
            ],
        ),
        ("process_host", &["known"]),
        (
            "lock",
            &[
                "inherited name place watch",
                "holder options",
                "message process_info waiting",
                "hint",
                "error",
                "ancestor failure replaced",
                "refusal waiter warning",
                "held inspect joining",
                "attempt",
                "acquire",
                "break_lock cover",
            ],
        ),
        (
            "plugin",
            &[
                "disclosure resource",
                "asking",
                "lock",
                "attempt",
                "link",
                "settings",
            ],
        ),
    ],
    // One file that is generated, and two with the types that the modules inside are about.
    free: &["bindings", "outcome", "backend"],
};

/// The program, which stands above the library and imports it as another crate. The modules that it shares with the
/// library's lowest layer by `#[path]` are listed too.
const PROGRAM: Library = Library {
    root: "main.rs",
    layers: &["arena sys", "cli", "start"],
    rooms: &[(
        "cli::doctor",
        &[
            "finding scratch",
            "system times",
            "coordinator machine trials",
            "verdict",
        ],
    )],
    free: &["cli"],
};

/// The protocol, `guest/machine/src`.
const MACHINE: Library = Library {
    root: "lib.rs",
    layers: &["facts", "names", "call", "machine", "inspect"],
    rooms: &[],
    free: &["machine"],
};

/// The component that performs it, `guest/src`.
const GUEST: Library = Library {
    root: "lib.rs",
    layers: &["contract", "driver", "component", "wasm"],
    rooms: &[("wasm", &["heap"])],
    free: &["contract"],
};

/// The coordinator etcd, `etcd/src`.
const ETCD: Library = Library {
    root: "lib.rs",
    layers: &[
        "error keys",
        "address answer request",
        "lookup tls",
        "transport",
        "cluster",
        "facts leases",
        "etcd",
        "enroll",
        "coordinator serve",
    ],
    rooms: &[],
    free: &[],
};

/// Returns the source files in a folder of the workspace.
fn files(folder: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let mut files = Files::new();
    let mut left = vec![root.clone()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                files.insert(name.replace('\\', "/"), fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(files.len() > 3, "{} has no source", root.display());
    files
}

fn has_no(folder: &str, flaws: &[String]) {
    assert!(flaws.is_empty(), "in {folder}:\n{}", flaws.join("\n"));
}

#[test]
fn each_room_of_the_library_imports_from_those_below() {
    has_no("host/src", &LIBRARY.flaws(&files("host/src")));
}

#[test]
fn what_a_doctor_finds_is_below_what_looks_for_it() {
    has_no("host/src", &PROGRAM.flaws(&files("host/src")));
}

#[test]
fn every_file_of_the_host_belongs_to_a_module() {
    let files = files("host/src");
    let program = PROGRAM.unread(&files);
    let mut unread = LIBRARY.unread(&files);
    unread.retain(|it| program.contains(it));
    assert!(unread.is_empty(), "{unread:?}");
}

#[test]
fn each_room_of_the_machine_imports_from_those_below() {
    has_no(
        "guest/machine/src",
        &MACHINE.flaws(&files("guest/machine/src")),
    );
}

#[test]
fn each_room_of_the_guest_imports_from_those_below() {
    has_no("guest/src", &GUEST.flaws(&files("guest/src")));
}

#[test]
fn each_room_of_the_coordinator_imports_from_those_below() {
    has_no("etcd/src", &ETCD.flaws(&files("etcd/src")));
}
