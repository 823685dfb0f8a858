//! Detects what cannot be tested here, so that those tests are reported as ignored, with the reason. With
//! `LOCKHOST_REQUIRE_ALL=1` they run, and fail, all the same. They take minutes, so none runs without `LOCKHOST_KERNELS=1`, which
//! `.ci/kernels` sets.

#[path = "../build/installed.rs"]
mod installed;
#[path = "../build/user.rs"]
mod user;

use std::{env, path::Path, process::Command};

use self::{
    installed::{are_installed, rerun_if_changed},
    user::is_root,
};

/// What each machine needs.
const KERNELS: [&str; 9] = [
    "linux.uml",
    "cc",
    "unshare",
    "nsenter",
    "ip",
    "nft",
    "modprobe",
    "mkfs.ext4",
    "stty",
];

/// The parts that may be missing, and the programs that show it, beside [`KERNELS`]: each part is a `cfg`.
const PARTS: [(&str, &[&str]); 9] = [
    ("no_kernels", &[]),
    (
        "no_kernels_or_nfs",
        &[
            "rpcbind",
            "rpc.statd",
            "rpc.nfsd",
            "rpc.mountd",
            "exportfs",
            "mount.nfs",
        ],
    ),
    ("no_kernels_or_fuse", &["bindfs", "mergerfs"]),
    ("no_kernels_or_samba", &["smbd", "mount.cifs"]),
    ("no_kernels_or_diod", &["diod"]),
    ("no_kernels_or_ocfs2", &["mkfs.ocfs2", "mount.ocfs2"]),
    ("no_kernels_or_xfs", &["mkfs.xfs"]),
    ("no_kernels_or_btrfs", &["mkfs.btrfs"]),
    ("no_kernels_or_f2fs", &["mkfs.f2fs"]),
];

/// A library that each kernel is started with.
const XSTATE: &str = "src/xstate.c";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../build");
    println!("cargo::rerun-if-changed={XSTATE}");
    println!("cargo::rerun-if-env-changed=LOCKHOST_REQUIRE_ALL");
    println!("cargo::rerun-if-env-changed=LOCKHOST_KERNELS");
    rerun_if_changed();
    let is_required = env::var("LOCKHOST_REQUIRE_ALL").as_deref() == Ok("1");
    // These kernels exist for this system and processor alone.
    let exists = env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux")
        && env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64");
    let is_asked = env::var("LOCKHOST_KERNELS").as_deref() == Ok("1");
    let has_kernels = exists && is_root() && are_installed(&KERNELS);
    for (name, programs) in PARTS {
        println!("cargo::rustc-check-cfg=cfg({name})");
        let is_there = has_kernels && are_installed(programs);
        if !exists || !is_asked || !is_required && !is_there {
            println!("cargo::rustc-cfg={name}");
        }
    }
    let library = match is_asked && has_kernels {
        true => compile(XSTATE),
        false => String::new(),
    };
    println!("cargo::rustc-env=LOCKHOST_XSTATE={library}");
}

/// Compiles a library, and returns its path.
fn compile(source: &str) -> String {
    let folder = env::var_os("OUT_DIR").expect("cargo sets it");
    let library = Path::new(&folder).join("xstate.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-shared", "-fPIC", "-o"]);
    let compiled = compiler.arg(&library).arg(source).status();
    assert!(compiled.is_ok_and(|it| it.success()), "{source}");
    library.to_str().expect("the path is text").to_owned()
}
