//! What macOS calls file systems.

use std::path::Path;

use rustix::fs::statfs;

/// The type of the file system that a path is on, as mount(8) names it (`apfs`, `smbfs`); `None` where it cannot be told.
pub(crate) fn name(path: &Path) -> Option<String> {
    let name = statfs(path).ok()?.f_fstypename.map(i8::cast_unsigned);
    let end = name.iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&name[..end]).into_owned())
}
