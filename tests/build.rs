//! Finds out what cannot be tested here, so that those tests are reported as ignored, with the reason.
//! `LOCKHOST_REQUIRE_ALL=1` has them run, and fail, all the same.

use std::{env, error::Error, fs, path::Path, process::Command};

const NOTED: &str = "../host/lockfile.wasm.rustc";
const NOTED_WASM_OPT: &str = "../host/lockfile.wasm.wasm-opt";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rustc-check-cfg=cfg(no_wasm_target, other_rustc, other_wasm_opt)");
    println!("cargo::rustc-check-cfg=cfg(not_root, no_fuse, no_qemu_user, no_strace)");
    println!("cargo::rustc-check-cfg=cfg(no_node, no_python)");
    println!("cargo::rustc-check-cfg=cfg(no_namespaces, no_time_namespaces, no_faketime)");
    println!("cargo::rustc-check-cfg=cfg(no_overlay, no_ext4, no_xfs, no_btrfs)");
    println!("cargo::rustc-check-cfg=cfg(no_shells, no_systemd, no_mdwe)");
    println!("cargo::rustc-check-cfg=cfg(under_wine)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={NOTED}");
    println!("cargo::rerun-if-changed={NOTED_WASM_OPT}");
    println!("cargo::rerun-if-env-changed=LOCKHOST_REQUIRE_ALL");
    let rustlib = Path::new(&ask(&["--print", "sysroot"])?).join("lib/rustlib");
    watch_for_changes(&rustlib);
    // What is built for Windows elsewhere runs under Wine, where no package helps against what that does differently.
    if env::var("CARGO_CFG_WINDOWS").is_ok() && !cfg!(windows) {
        println!("cargo::rustc-cfg=under_wine");
    }
    if env::var("LOCKHOST_REQUIRE_ALL").as_deref() == Ok("1") {
        return Ok(());
    }
    let is_root = Command::new("id").arg("-u").output()?.stdout == b"0\n";
    if !is_root {
        println!("cargo::rustc-cfg=not_root");
    }
    let fuse = [
        "mkfs.exfat",
        "losetup",
        "mount.exfat-fuse",
        "unionfs",
        "bindfs",
    ];
    if !is_root || !Path::new("/dev/fuse").exists() || !fuse.iter().all(|it| is_installed(it)) {
        println!("cargo::rustc-cfg=no_fuse");
    }
    let machine = env::var("CARGO_CFG_TARGET_ARCH")?;
    if !is_installed(&format!("qemu-{machine}-static")) {
        println!("cargo::rustc-cfg=no_qemu_user");
    }
    let traced = Command::new("strace")
        .args(["-qqq", "-o", "/dev/null", "true"])
        .output();
    if !traced.is_ok_and(|output| output.status.success()) {
        println!("cargo::rustc-cfg=no_strace");
    }
    if !["node", "npm"].iter().all(|it| is_installed(it)) {
        println!("cargo::rustc-cfg=no_node");
    }
    if !is_linux_since(6, 3) {
        println!("cargo::rustc-cfg=no_mdwe");
    }
    find_namespaces();
    find_file_systems()?;
    let pip = Command::new("python3")
        .args(["-m", "pip", "--version"])
        .output();
    if !pip.is_ok_and(|output| output.status.success()) {
        println!("cargo::rustc-cfg=no_python");
    }
    if !["bash", "zsh", "fish"].iter().all(|it| is_installed(it)) {
        println!("cargo::rustc-cfg=no_shells");
    }
    if !is_installed("systemd-analyze") {
        println!("cargo::rustc-cfg=no_systemd");
    }
    find_component_tools(&rustlib.join("wasm32-wasip2"))?;
    Ok(())
}

/// Has this run again once a program, a target or the user has changed. Only what exists is named: cargo takes a missing
/// file for a changed one, and would compile these tests anew each time.
fn watch_for_changes(rustlib: &Path) {
    println!("cargo::rerun-if-changed={}", rustlib.display());
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rerun-if-env-changed=USER");
    for folder in ["/usr/bin", "/usr/sbin"] {
        if Path::new(folder).is_dir() {
            println!("cargo::rerun-if-changed={folder}");
        }
    }
}

/// Why the component cannot be built here to the byte: the first reason, as a test is ignored for one.
fn find_component_tools(target: &Path) -> Result<(), Box<dyn Error>> {
    let wasm_opt = Command::new("wasm-opt").arg("--version").output();
    if !target.is_dir() {
        println!("cargo::rustc-cfg=no_wasm_target");
    } else if ask(&["--version"])? != fs::read_to_string(NOTED)?.trim() {
        println!("cargo::rustc-cfg=other_rustc");
    } else if !wasm_opt
        .is_ok_and(|it| fs::read(NOTED_WASM_OPT).is_ok_and(|noted| it.stdout == noted))
    {
        println!("cargo::rustc-cfg=other_wasm_opt");
    }
    Ok(())
}

/// What namespaces(7) can be made, and whether there are the tools for what is done in them.
fn find_namespaces() {
    let tools = ["nsenter", "setpriv"].iter().all(|it| is_installed(it));
    let nested = [
        "--pid",
        "--mount-proc",
        "unshare",
        "--user",
        "--map-root-user",
        "true",
    ];
    if !tools || !unshares(&nested) {
        println!("cargo::rustc-cfg=no_namespaces");
    }
    if !unshares(&["--time", "--boottime", "1", "true"]) {
        println!("cargo::rustc-cfg=no_time_namespaces");
    }
    if !is_installed("faketime") {
        println!("cargo::rustc-cfg=no_faketime");
    }
}

/// Which file systems can be made and mounted, as only trying tells.
fn find_file_systems() -> Result<(), Box<dyn Error>> {
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
            println!("cargo::rustc-cfg={cfg}");
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
    let output = Command::new("unshare")
        .arg("--fork")
        .args(arguments)
        .output();
    output.is_ok_and(|output| output.status.success())
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn ask(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").ok_or("RUSTC is not set")?;
    let output = Command::new(rustc).args(arguments).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
