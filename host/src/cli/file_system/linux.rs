//! The names of file systems on Linux: statx(2), proc(5).

use std::{fs, path::Path};

use rustix::fs::{AtFlags, CWD, StatxFlags, statfs, statx};

mod sentences;

pub(crate) use self::sentences::{BY_IDENTITY, limit};

/// Returns the type of the file system that a path is on, as mount(8) names it (`ext4`, `fuse.sshfs`). Returns its
/// number, as in statfs(2), if there is no name, and `None` if there is neither.
pub(crate) fn name(path: &Path) -> Option<String> {
    named(path).or_else(|| {
        let number = statfs(path).ok()?.f_type;
        Some(format!("{number:#x}"))
    })
}

fn named(path: &Path) -> Option<String> {
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    if found.stx_mask & StatxFlags::MNT_ID.bits() == 0 {
        return None;
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    of_mount(&mounts, found.stx_mnt_id)
}

/// Returns the type of a mount. It follows a lone hyphen, since the fields before that are of any length: proc(5).
fn of_mount(mounts: &str, id: u64) -> Option<String> {
    let id = id.to_string();
    let line = mounts
        .lines()
        .find(|line| line.split(' ').next() == Some(&id))?;
    let (_, behind) = line.split_once(" - ")?;
    Some(behind.split(' ').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_found_by_its_number_whatever_options_it_has() {
        let mounts = "36 35 98:0 / / rw shared:1 - ext4 /dev/root rw\n\
                      361 36 0:40 / /mnt rw shared:2 master:1 - fuse.sshfs me@there: rw\n\
                      7 36 0:41 / /tmp rw - tmpfs tmpfs rw\n";
        assert_eq!(of_mount(mounts, 36).as_deref(), Some("ext4"));
        assert_eq!(of_mount(mounts, 361).as_deref(), Some("fuse.sshfs"));
        assert_eq!(of_mount(mounts, 7).as_deref(), Some("tmpfs"));
        assert_eq!(of_mount(mounts, 3), None);
    }
}
