//! The list of file systems that a single kernel mounts. The program shares this file.

use rustix::fs::StatFs;

/// The file systems on which an advisory lock means the same to every process that can see the file, because a single
/// kernel mounts them. `docs/filesystems.md` has the reason for each, and for each that is missing.
// linux/magic.h; bcachefs and zfs from their own sources.
pub(crate) const LIST: [u64; 9] = [
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

/// Returns the type of a file system, as statfs(2) reports it, if that is on the list.
pub(crate) fn listed(found: &StatFs) -> Option<u64> {
    // The field's width and sign differ between architectures; the magic numbers are 32 bits everywhere.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let kind = u64::from(found.f_type as u32);
    LIST.contains(&kind).then_some(kind)
}
