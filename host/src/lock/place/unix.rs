//! Paths relative to a descriptor of the working directory.

use std::{fs, fs::File, io, os::unix::fs::MetadataExt, path::Path, sync::OnceLock};

use rustix::fs::{AtFlags, CWD, statat};

use crate::process::platform::{open_directory, open_directory_at};

type FileId = (u64, u64);

/// The working directory to which a path was relative. An absolute path needs none. Nor does a relative path if the
/// working directory cannot be opened: its absolute form is used then.
#[derive(Debug)]
pub(super) struct Base(Option<File>);

impl Base {
    pub(super) fn of(given: &Path) -> Self {
        let is_relative = !given.is_absolute();
        Self(
            is_relative
                .then(|| open_directory(Path::new(".")).ok())
                .flatten(),
        )
    }

    pub(super) fn open(&self, given: &Path, absolute: &Path) -> io::Result<File> {
        match &self.0 {
            Some(base) => open_directory_at(base, given),
            None => open_directory(absolute),
        }
    }

    pub(super) fn id(&self, given: &Path, absolute: &Path) -> io::Result<Option<FileId>> {
        match &self.0 {
            Some(base) => id_at(base, given),
            None => id_at(CWD, absolute),
        }
    }
}

/// The types of the two numbers differ between systems.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    trivial_numeric_casts,
    reason = "on some systems they are these types already"
)]
fn id_at(base: impl std::os::fd::AsFd, path: &Path) -> io::Result<Option<FileId>> {
    let found = statat(base, path, AtFlags::empty())?;
    Ok(Some((found.st_dev as u64, found.st_ino as u64)))
}

/// The root directory when this process acquired its first lock.
static ROOT: OnceLock<Option<FileId>> = OnceLock::new();

pub(super) fn remember_root() {
    ROOT.get_or_init(root);
}

/// Returns whether this process has left that root, as by chroot(2) or pivot_root(2). Absolute paths name others there.
pub(super) fn is_in_another_root() -> bool {
    ROOT.get().is_some_and(|before| *before != root())
}

fn root() -> Option<FileId> {
    let root = fs::metadata("/").ok()?;
    Some((root.dev(), root.ino()))
}
