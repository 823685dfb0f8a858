//! The user who builds, for the build scripts of tests.

use std::process::Command;

/// Returns whether it is root, who can make namespaces and mount file systems.
pub(crate) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout == b"0\n")
}
