//! Detects what cannot be tested here, so that those tests are reported as ignored, with the reason. With
//! `LOCKHOST_REQUIRE_ALL=1` they run, and fail, all the same.

#[path = "build/installed.rs"]
mod installed;

use std::{collections::BTreeSet, env, error::Error, fs, path::Path, process::Command};

use self::installed::are_installed;

const NOTED: &str = "../host/lockfile.wasm.rustc";
const NOTED_WASM_OPT: &str = "../host/lockfile.wasm.wasm-opt";

/// The parts that may be missing: each is a `cfg`.
const PARTS: [&str; 21] = [
    "not_root",
    "no_wasm_target",
    "other_rustc",
    "other_wasm_opt",
    "no_fuse",
    "no_qemu_user",
    "no_strace",
    "no_node",
    "no_python",
    "no_namespaces",
    "no_time_namespaces",
    "no_faketime",
    "no_overlay",
    "no_ext4",
    "no_xfs",
    "no_btrfs",
    "no_shells",
    "no_man",
    "no_systemd",
    "no_mdwe",
    "under_wine",
];

/// The parts that some tests need together: a `cfg` each, set if any part is missing.
const TOGETHER: [(&str, &[&str]); 6] = [
    ("not_root_or_no_strace", &["not_root", "no_strace"]),
    ("no_fuse_or_strace", &["no_fuse", "no_strace"]),
    ("no_fuse_or_qemu_user", &["no_fuse", "no_qemu_user"]),
    ("no_namespaces_or_strace", &["no_namespaces", "no_strace"]),
    (
        "no_time_namespaces_or_strace",
        &["no_time_namespaces", "no_strace"],
    ),
    (
        "no_fuse_or_namespaces_or_strace",
        &["no_fuse", "no_namespaces", "no_strace"],
    ),
];

/// The parts that are missing here.
type Missing = BTreeSet<&'static str>;

fn main() -> Result<(), Box<dyn Error>> {
    let names = PARTS.into_iter().chain(TOGETHER.map(|(name, _)| name));
    for name in names {
        println!("cargo::rustc-check-cfg=cfg({name})");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build/installed.rs");
    println!("cargo::rerun-if-changed={NOTED}");
    println!("cargo::rerun-if-changed={NOTED_WASM_OPT}");
    println!("cargo::rerun-if-env-changed=LOCKHOST_REQUIRE_ALL");
    let rustlib = Path::new(&ask(&["--print", "sysroot"])?).join("lib/rustlib");
    watch_for_changes(&rustlib);
    let mut missing = Missing::new();
    // Tests for Windows that are built on another system run under Wine. No package helps where Wine differs.
    if env::var("CARGO_CFG_WINDOWS").is_ok() && !cfg!(windows) {
        missing.insert("under_wine");
    }
    if env::var("LOCKHOST_REQUIRE_ALL").as_deref() != Ok("1") {
        find_programs(&mut missing)?;
        find_namespaces(&mut missing);
        find_file_systems(&mut missing)?;
        find_component_tools(&rustlib.join("wasm32-wasip2"), &mut missing)?;
    }
    let together = TOGETHER.into_iter();
    let together = together.filter(|(_, parts)| parts.iter().any(|part| missing.contains(part)));
    let together: Vec<_> = together.map(|(name, _)| name).collect();
    for name in missing.into_iter().chain(together) {
        println!("cargo::rustc-cfg={name}");
    }
    Ok(())
}

/// Makes cargo run this again once a program, a target or the user has changed. Only existing files are named: for
/// cargo a missing file is a changed one, and it would compile these tests each time.
fn watch_for_changes(rustlib: &Path) {
    println!("cargo::rerun-if-changed={}", rustlib.display());
    installed::rerun_if_changed();
}

/// Checks which programs exist, and whether this user and kernel let them do what the tests need.
fn find_programs(missing: &mut Missing) -> Result<(), Box<dyn Error>> {
    let is_root = Command::new("id").arg("-u").output()?.stdout == b"0\n";
    let fuse = [
        "mkfs.exfat",
        "losetup",
        "mount.exfat-fuse",
        "unionfs",
        "bindfs",
    ];
    let has_fuse = is_root && Path::new("/dev/fuse").exists() && are_installed(&fuse);
    let emulator = format!("qemu-{}-static", env::var("CARGO_CFG_TARGET_ARCH")?);
    let found = [
        ("not_root", is_root),
        ("no_fuse", has_fuse),
        ("no_qemu_user", are_installed(&[&emulator])),
        (
            "no_strace",
            succeeds("strace", &["-qqq", "-o", "/dev/null", "true"]),
        ),
        ("no_node", are_installed(&["node", "npm"])),
        (
            "no_python",
            succeeds("python3", &["-m", "pip", "--version"]),
        ),
        ("no_shells", are_installed(&["bash", "zsh", "fish"])),
        ("no_man", are_installed(&["man", "mandoc"])),
        ("no_systemd", are_installed(&["systemd-analyze"])),
        ("no_faketime", are_installed(&["faketime"])),
        ("no_mdwe", is_linux_since(6, 3)),
    ];
    missing.extend(
        found
            .iter()
            .filter(|(_, found)| !found)
            .map(|(name, _)| name),
    );
    Ok(())
}

/// Finds why the component cannot be built here to the byte: the first reason, as a test is ignored for one.
fn find_component_tools(target: &Path, missing: &mut Missing) -> Result<(), Box<dyn Error>> {
    let wasm_opt = Command::new("wasm-opt").arg("--version").output();
    if !target.is_dir() {
        missing.insert("no_wasm_target");
    } else if ask(&["--version"])? != fs::read_to_string(NOTED)?.trim() {
        missing.insert("other_rustc");
    } else if !wasm_opt
        .is_ok_and(|it| fs::read(NOTED_WASM_OPT).is_ok_and(|noted| it.stdout == noted))
    {
        missing.insert("other_wasm_opt");
    }
    Ok(())
}

/// Checks which namespaces(7) can be made, and whether the tools for use in them exist.
fn find_namespaces(missing: &mut Missing) {
    let nested = [
        "--pid",
        "--mount-proc",
        "unshare",
        "--user",
        "--map-root-user",
        "true",
    ];
    if !are_installed(&["nsenter", "setpriv"]) || !unshares(&nested) {
        // File systems are only mounted in a namespace.
        missing.extend([
            "no_namespaces",
            "no_time_namespaces",
            "no_overlay",
            "no_ext4",
            "no_xfs",
            "no_btrfs",
        ]);
    }
    if !unshares(&["--time", "--boottime", "1", "true"]) {
        missing.insert("no_time_namespaces");
    }
}

/// Checks which file systems can be made and mounted; only a try shows that.
fn find_file_systems(missing: &mut Missing) -> Result<(), Box<dyn Error>> {
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    let tries = [
        (
            "no_overlay",
            "mkdir upper work; mount -t overlay -o lowerdir=/etc,upperdir=upper,workdir=work none /mnt",
        ),
        ("no_ext4", "mkfs.ext4 -q image; mount -o loop image /mnt"),
        ("no_xfs", "mkfs.xfs -q image; mount -o loop image /mnt"),
        ("no_btrfs", "mkfs.btrfs -q image; mount -o loop image /mnt"),
    ];
    for (cfg, mount) in tries {
        let script =
            format!("mount -t tmpfs none \"$0\"; cd \"$0\"; truncate --size 512M image; {mount}");
        let out = out.to_str().ok_or("OUT_DIR is no text")?;
        if !unshares(&["--mount", "sh", "-ec", &script, out]) {
            missing.insert(cfg);
        }
    }
    Ok(())
}

fn is_linux_since(major: u32, minor: u32) -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split(['.', '-']).map_while(|it| it.parse().ok());
    (numbers.next(), numbers.next()) >= (Some(major), Some(minor))
}

fn unshares(arguments: &[&str]) -> bool {
    succeeds("unshare", &[&["--fork"], arguments].concat())
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

fn ask(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").ok_or("RUSTC is not set")?;
    let output = Command::new(rustc).args(arguments).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
