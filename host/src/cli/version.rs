//! The text of `--version`.

use std::sync::LazyLock;

#[cfg(feature = "component")]
use super::component::decides;
#[cfg(not(feature = "component"))]
use super::no_component::decides;

/// Returns the versions of the program and of what decides in it, and the target.
pub(crate) fn long() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let identities = lockhost::process::Identity::FORMAT;
        format!(
            "{}\n{}, identities in format {identities}\ntarget {}",
            env!("CARGO_PKG_VERSION"),
            decides(),
            env!("TARGET"),
        )
    });
    &TEXT
}
