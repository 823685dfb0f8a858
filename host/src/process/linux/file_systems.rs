//! The list of file systems on which the kernel's locks are evidence.

use std::{fs::File, io};

use rustix::fs::fstatfs;

/// The file systems on which an advisory lock means the same to every process that can see the file, because a single
/// kernel mounts them. `docs/filesystems.md` has the reason for each, and for each that is missing.
// linux/magic.h; bcachefs and zfs from their own sources.
const SINGLE_KERNEL: [u64; 9] = [
    0xef53,      // ext2, ext3, ext4
    0x5846_5342, // xfs
    0x9123_683e, // btrfs
    0x0102_1994, // tmpfs
    0x8584_58f6, // ramfs
    0x794c_7630, // overlayfs: one overlay; two over one upper directory do not see each other
    0xf2f5_2010, // f2fs
    0xca45_1a4e, // bcachefs
    0x2fc1_2fc1, // zfs
];

/// Returns the type of the file system that a file lies on, as statfs(2) reports it, if that is on the list.
///
/// Elsewhere (NFS, CIFS, FUSE, 9p, virtiofs and unknown ones) a lock may be local to one machine, be mandatory, or
/// hang. So no lock is taken or tried there.
///
/// # Errors
/// If the type cannot be read. Then nothing may be concluded from it, least of all that locks prove nothing.
pub(crate) fn evidence_kind(file: &File) -> io::Result<Option<u64>> {
    // The field's width and sign differ between architectures; the magic numbers are 32 bits everywhere.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let kind = u64::from(fstatfs(file)?.f_type as u32);
    Ok(SINGLE_KERNEL.contains(&kind).then_some(kind))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Returns the magic numbers in the second column of the tables under this heading of the page.
    fn numbers_under(heading: &str) -> BTreeSet<u64> {
        let page = include_str!("../../../docs/filesystems.md");
        let part = page.split("\n## ").find(|it| it.starts_with(heading));
        let rows = part
            .expect("the page has it")
            .lines()
            .filter_map(|line| line.split('|').nth(2));
        let words = rows.flat_map(|column| column.split('`').skip(1).step_by(2));
        words
            .map(|word| u64::from_str_radix(word.strip_prefix("0x").unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn the_page_about_file_systems_and_the_list_are_the_same() {
        assert_eq!(numbers_under("On the list"), BTreeSet::from(SINGLE_KERNEL));
        let others = numbers_under("Not on the list");
        assert!(others.contains(&0x6969) && others.len() > 30);
        assert!(others.is_disjoint(&BTreeSet::from(SINGLE_KERNEL)));
    }
}
