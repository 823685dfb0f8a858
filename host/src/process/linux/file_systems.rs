//! The file systems on which the kernel's locks are evidence.

use std::{fs::File, io};

use rustix::fs::fstatfs;

use crate::sys::single_kernel;

/// Returns the type of the file system that a file lies on, as statfs(2) reports it, if that is on the list.
///
/// Elsewhere (NFS, CIFS, FUSE, 9p, virtiofs and unknown ones) a lock may be local to one machine, be mandatory, or
/// hang. So no lock is taken or tried there.
///
/// # Errors
/// If the type cannot be read. Then nothing may be concluded from it, least of all that locks prove nothing.
pub(crate) fn evidence_kind(file: &File) -> io::Result<Option<u64>> {
    Ok(single_kernel::listed(&fstatfs(file)?))
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
        assert_eq!(
            numbers_under("On the list"),
            BTreeSet::from(single_kernel::LIST)
        );
        let others = numbers_under("Not on the list");
        assert!(others.contains(&0x6969) && others.len() > 30);
        assert!(others.is_disjoint(&BTreeSet::from(single_kernel::LIST)));
    }
}
