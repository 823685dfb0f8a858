//! The directories of one attempt, in the order in which everybody takes them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use file_id::get_file_id;

/// Each directory once, by what it is and not by what it is called; first the one with the smallest device and inode.
/// Whoever takes several takes them in this order, so no two wait for each other.
///
/// One alone is left to be looked at by whoever takes it.
pub(super) fn in_order(given: &[PathBuf]) -> anyhow::Result<Vec<&Path>> {
    if let [one] = given {
        return Ok(vec![one]);
    }
    let mut directories = Vec::new();
    for path in given {
        let id = get_file_id(path)
            .with_context(|| format!("cannot open directory {}", path.display()))?;
        directories.push((id, path.as_path()));
    }
    // Stable, so that of several names the first one given is used.
    directories.sort_by_key(|(id, _)| *id);
    directories.dedup_by_key(|(id, _)| *id);
    Ok(directories.into_iter().map(|(_, path)| path).collect())
}

/// Makes those that are missing, with whatever they lie in.
pub(super) fn make(given: &[PathBuf]) -> anyhow::Result<()> {
    for path in given {
        fs::create_dir_all(path)
            .with_context(|| format!("cannot make directory {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_the_same_whatever_was_given_and_a_directory_comes_once() {
        let place = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| place.path().join(name));
        make(&[a.clone(), b.clone()]).unwrap();
        // The same directory by another name.
        let c = b.join("..").join("a");
        let [ab, ba] = [[a.clone(), b.clone()], [b.clone(), a.clone()]];
        let order = in_order(&ab).unwrap();
        assert_eq!(order.len(), 2);
        assert_eq!(in_order(&ba).unwrap(), order);
        assert_eq!(in_order(&[c.clone(), a.clone()]).unwrap(), [&c]);
        assert_eq!(in_order(&[a.clone(), c.clone(), a.clone()]).unwrap(), [&a]);
    }
}
