//! The text of `--version`.

use std::sync::LazyLock;

use super::component::SHA256;

/// Returns the versions of the program and its component, and the target.
pub(crate) fn long() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let identities = lockhost::process::Identity::FORMAT;
        format!(
            "{}\ncomponent sha256 {}, identities in format {identities}\ntarget {}",
            env!("CARGO_PKG_VERSION"),
            SHA256.trim(),
            env!("TARGET"),
        )
    });
    &TEXT
}
