//! The directories of one attempt: each once, in the order of trying, and made if `--mkdir` is given.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use file_id::{FileId, get_file_id};

use crate::cli::hint;

/// A directory as it was given, with the facts that may identify it.
struct Given<'a> {
    path: &'a Path,
    id: FileId,
    /// Its path without symbolic links; the path as given if it cannot be resolved.
    real: PathBuf,
}

/// Returns each directory once, the one with the smallest device and inode first.
///
/// Commands that see the same numbers try in the same order, and so rarely meet halfway. Nothing depends on it: the
/// numbers differ between machines and mount namespaces, so a command never holds one lock while it waits for another.
///
/// Only the same path after symbolic links are resolved proves that two directories are one. The same device and inode
/// do not: snapshots of bcachefs and some FUSE servers show the same numbers for different directories, within one
/// mount. [`Taking`](super::take::Taking) detects one directory under two paths (a bind mount), and refuses it.
///
/// A single directory is not examined here: the attempt does that.
///
/// # Errors
/// A directory cannot be opened. If it is missing, is not the first one, and no command is given, it may be a command
/// without `--` before it.
pub(super) fn in_order(given: &[PathBuf], has_command: bool) -> anyhow::Result<Vec<&Path>> {
    if let [one] = given {
        return Ok(vec![one]);
    }
    let examine = |(nth, path)| {
        Given::examine(path).map_err(|error| {
            let is_missing = error.kind() == io::ErrorKind::NotFound;
            match nth > 0 && !has_command && is_missing {
                true => hint::may_be_a_command(path, &error),
                false => hint::cannot_open(path, &error),
            }
        })
    };
    let directories = given.iter().map(PathBuf::as_path).enumerate().map(examine);
    Ok(once(directories.collect::<anyhow::Result<_>>()?))
}

impl<'a> Given<'a> {
    fn examine(path: &'a Path) -> io::Result<Self> {
        Ok(Self {
            path,
            id: get_file_id(path)?,
            real: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        })
    }
}

fn once(mut given: Vec<Given<'_>>) -> Vec<&Path> {
    // Stable, so that of several paths of one directory the first one given is used.
    given.sort_by(|a, b| (a.id, &a.real).cmp(&(b.id, &b.real)));
    given.dedup_by(|a, b| (a.id, &a.real) == (b.id, &b.real));
    given.into_iter().map(|it| it.path).collect()
}

/// Makes missing directories, with their parents.
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
    fn the_order_is_the_same_and_a_directory_comes_once() {
        let place = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| place.path().join(name));
        make(&[a.clone(), b.clone()]).unwrap();
        // The same directory by another name.
        let c = b.join("..").join("a");
        let [ab, ba] = [[a.clone(), b.clone()], [b.clone(), a.clone()]];
        let order = in_order(&ab, true).unwrap();
        assert_eq!(order.len(), 2);
        assert_eq!(in_order(&ba, true).unwrap(), order);
        assert_eq!(in_order(&[c.clone(), a.clone()], true).unwrap(), [&c]);
        assert_eq!(
            in_order(&[a.clone(), c.clone(), a.clone()], true).unwrap(),
            [&a]
        );
    }

    #[test]
    fn the_same_numbers_do_not_make_two_directories_one() {
        let id = FileId::new_inode(1, 2);
        let given = |path: &'static str, real: &str| Given {
            path: Path::new(path),
            id,
            real: real.into(),
        };
        let directories = vec![
            given("link", "/snapshot"),
            given("data", "/data"),
            given("snapshot", "/snapshot"),
        ];
        assert_eq!(once(directories), [Path::new("data"), Path::new("link")]);
    }
}
