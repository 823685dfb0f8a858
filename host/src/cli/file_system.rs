//! The names of file systems.

use std::path::Path;

#[cfg_attr(kernel = "linux", path = "file_system/linux.rs")]
#[cfg_attr(kernel = "macos", path = "file_system/macos.rs")]
#[cfg_attr(kernel = "windows", path = "file_system/windows.rs")]
#[cfg_attr(kernel = "posix", path = "file_system/unknown.rs")]
mod platform;

pub(crate) use self::platform::{BY_IDENTITY, limit, name};

/// Returns the name for a user, "unknown" if there is none.
pub(crate) fn named(path: &Path) -> String {
    name(path).unwrap_or_else(|| "unknown".to_owned())
}

/// The meaning of a lock that was made in place where a kernel keeps evidence.
pub(crate) const LINKS_DENIED: &str = "hard links are denied to this process, so a dead owner whose pid another process has counts as alive";

/// Returns whether the file system has no hard links, so that a lock there is only a pid in a file.
pub(crate) fn lacks_links(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(&*name, "vfat" | "msdos" | "exfat" | "fat" | "fat32")
}
