//! Detects what cannot be tested here, so that those tests are reported as ignored, with the reason. With
//! `LOCKHOST_REQUIRE_ALL=1` they run, and fail, all the same.

#[path = "../build/installed.rs"]
mod installed;

use std::{env, path::Path};

use self::installed::are_installed;

/// The parts that may be missing, and the programs that show it: each part is a `cfg`.
const PARTS: [(&str, &[&str]); 2] = [
    ("no_etcd", &["etcd", "etcdctl"]),
    ("no_etcd_or_openssl", &["etcd", "etcdctl", "openssl"]),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../build/installed.rs");
    println!("cargo::rerun-if-env-changed=LOCKHOST_REQUIRE_ALL");
    println!("cargo::rerun-if-env-changed=PATH");
    if Path::new("/usr/bin").is_dir() {
        println!("cargo::rerun-if-changed=/usr/bin");
    }
    let is_required = env::var("LOCKHOST_REQUIRE_ALL").as_deref() == Ok("1");
    // The tests start processes and send them signals.
    let is_unix = env::var("CARGO_CFG_UNIX").is_ok();
    for (name, programs) in PARTS {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if !is_unix || !is_required && !are_installed(programs) {
            println!("cargo::rustc-cfg={name}");
        }
    }
}
