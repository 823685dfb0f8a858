//! The names of file systems on macOS.

use std::path::Path;

use rustix::fs::statfs;

/// Returns the type of the file system that a path is on, as mount(8) names it (`apfs`, `smbfs`); `None` if it is
/// unknown.
pub(crate) fn name(path: &Path) -> Option<String> {
    let name = statfs(path).ok()?.f_fstypename.map(i8::cast_unsigned);
    let end = name.iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&name[..end]).into_owned())
}

/// Returns a clause about what is not known of the owners of locks that the kernel does not keep, if that deserves a
/// warning.
pub(crate) fn limit(_identity: &str) -> Option<&'static str> {
    Some("owners on other machines and of earlier boots cannot be judged")
}

/// How locks are judged by their owners' identities: the text after "identities:".
pub(crate) const BY_IDENTITY: &str =
    "correctly among the processes of one boot; locks from elsewhere are never reclaimed";
