//! Detects what cannot be tested here, so that those tests are reported as ignored, with the reason. With
//! `LOCKHOST_REQUIRE_ALL=1` they run, and fail, all the same.

#[path = "../build/installed.rs"]
mod installed;

use std::{env, path::Path, process::Command};

use self::installed::are_installed;

/// The parts that may be missing, and the programs that show it: each part is a `cfg`.
const PARTS: [(&str, &[&str]); 3] = [
    (MACHINES, &["etcd", "etcdctl", "unshare", "strace"]),
    ("no_etcd", &["etcd", "etcdctl"]),
    ("no_etcd_or_openssl", &["etcd", "etcdctl", "openssl"]),
];

/// The part with mount namespaces, which only root can make.
const MACHINES: &str = "no_etcd_or_machines";

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../build/installed.rs");
    println!("cargo::rerun-if-env-changed=LOCKHOST_REQUIRE_ALL");
    println!("cargo::rerun-if-env-changed=PATH");
    if Path::new("/usr/bin").is_dir() {
        println!("cargo::rerun-if-changed=/usr/bin");
    }
    println!("cargo::rerun-if-env-changed=LOCKHOST_BEFORE");
    let is_required = env::var("LOCKHOST_REQUIRE_ALL").as_deref() == Ok("1");
    // The tests start processes and send them signals.
    let is_unix = env::var("CARGO_CFG_UNIX").is_ok();
    // An earlier version is not part of a machine.
    println!("cargo::rustc-check-cfg=cfg(no_earlier_version)");
    if env::var_os("LOCKHOST_BEFORE").is_none() {
        println!("cargo::rustc-cfg=no_earlier_version");
    }
    for (name, programs) in PARTS {
        println!("cargo::rustc-check-cfg=cfg({name})");
        let is_here = are_installed(programs) && (name != MACHINES || is_root());
        if !is_unix || !is_required && !is_here {
            println!("cargo::rustc-cfg={name}");
        }
    }
}
