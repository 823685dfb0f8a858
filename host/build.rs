//! The build script, which chooses the files of the platform, and has the component compiled where it is wanted.

use std::{env, error::Error};

#[cfg_attr(feature = "component", path = "build/component.rs")]
#[cfg_attr(not(feature = "component"), path = "build/native.rs")]
mod backend;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rustc-env=TARGET={}", env::var("TARGET")?);
    choose_platform()?;
    backend::compile()
}

/// Chooses among files that lie side by side, one set for each system: those that inspect `processes`, and those for
/// the rest of a `kernel`'s services. On Linux other sets can be chosen as well, to test the files that other systems
/// share. `LOCKHOST_PLATFORM=posix` excludes what only Linux has; `LOCKHOST_PLATFORM=unknown` also excludes the
/// inspection of processes.
fn choose_platform() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=LOCKHOST_PLATFORM");
    println!(
        r#"cargo::rustc-check-cfg=cfg(processes, values("linux", "macos", "windows", "unknown"))"#
    );
    println!(r#"cargo::rustc-check-cfg=cfg(kernel, values("linux", "macos", "windows", "posix"))"#);
    let system = env::var("CARGO_CFG_TARGET_OS")?;
    let asked = env::var("LOCKHOST_PLATFORM").unwrap_or_default();
    let (processes, kernel) = match (&*system, &*asked) {
        ("linux", "posix") => ("linux", "posix"),
        ("linux", "unknown") => ("unknown", "posix"),
        ("linux", "") => ("linux", "linux"),
        ("linux", _) => return Err(format!("LOCKHOST_PLATFORM={asked}: no such platform").into()),
        ("macos", _) => ("macos", "macos"),
        ("windows", _) => ("windows", "windows"),
        _ => ("unknown", "posix"),
    };
    println!(r#"cargo::rustc-cfg=processes="{processes}""#);
    println!(r#"cargo::rustc-cfg=kernel="{kernel}""#);
    Ok(())
}
