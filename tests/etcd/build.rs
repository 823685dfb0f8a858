//! Detects what cannot be tested here, so that those tests are reported as ignored, with the reason. With
//! `LOCKHOST_REQUIRE_ALL=1` they run, and fail, all the same.

#[path = "../build/installed.rs"]
mod installed;
#[path = "../build/user.rs"]
mod user;

use std::{env, process::Command};

use self::{
    installed::{are_installed, rerun_if_changed},
    user::is_root,
};

/// The parts that may be missing, and the programs that show it: each part is a `cfg`.
const PARTS: [(&str, &[&str]); 4] = [
    ("no_etcd", &["etcd", "etcdctl"]),
    ("no_etcd_or_openssl", &["etcd", "etcdctl", "openssl"]),
    (BOOTS, &["etcd", "etcdctl", "unshare", "strace"]),
    ("no_machines", &MACHINES),
];

/// The programs by which tests make machines.
const MACHINES: [&str; 8] = [
    "etcd", "etcdctl", "bindfs", "ip", "nft", "nsenter", "unshare", "setsid",
];

/// The part with mount namespaces of another boot, which only root can make.
const BOOTS: &str = "no_etcd_or_boots";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../build");
    println!("cargo::rerun-if-env-changed=LOCKHOST_REQUIRE_ALL");
    rerun_if_changed();
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
        let can_be_made = match name {
            BOOTS => is_root(),
            "no_machines" => makes_machines(),
            _ => true,
        };
        // No package brings what the kernel lacks, so it is never required.
        let is_here = can_be_made && (is_required || are_installed(programs));
        if !is_unix || !is_here {
            println!("cargo::rustc-cfg={name}");
        }
    }
}

/// Checks that this user and kernel let tests make namespaces, networks and file systems.
fn makes_machines() -> bool {
    let kinds = [
        "--mount",
        "--net",
        "--pid",
        "--uts",
        "--fork",
        "--mount-proc",
    ];
    let script = "test -c /dev/fuse; nft add table inet x; ip link add x type bridge
        ip link add y type veth peer name z; grep -q cgroup2 /proc/mounts";
    let output = Command::new("unshare")
        .args(kinds)
        .args(["sh", "-ec", script])
        .output();
    output.is_ok_and(|output| output.status.success())
}
