//! Files for trials, which are removed whatever happens.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// Files with unique names.
pub(super) struct Scratch {
    directory: PathBuf,
    /// The part that makes their names unique.
    maker: String,
    /// The files that were made.
    names: Vec<PathBuf>,
}

impl Scratch {
    /// Creates an empty set. The names are not those of locks or claims, so other processes ignore the files.
    pub(super) fn new(directory: &Path, maker: String) -> Self {
        Self {
            directory: directory.to_owned(),
            maker,
            names: Vec::new(),
        }
    }

    /// Makes a file, exclusively.
    pub(super) fn create(&mut self) -> io::Result<(PathBuf, File)> {
        let path = self.next();
        let mut options = File::options();
        let file = options
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        self.names.push(path.clone());
        Ok((path, file))
    }

    /// Gives a file a second name.
    pub(super) fn link(&mut self, file: &Path) -> io::Result<PathBuf> {
        let path = self.next();
        fs::hard_link(file, &path)?;
        self.names.push(path.clone());
        Ok(path)
    }

    fn next(&self) -> PathBuf {
        let nth = self.names.len();
        let maker = &self.maker;
        self.directory
            .join(format!(".lockhost-doctor.{maker}.{nth}"))
    }

    /// Removes them all, and returns the first failure.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        while let Some(name) = self.names.pop() {
            fs::remove_file(name)?;
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for name in self.names.drain(..) {
            // A caller that needs the result has removed the files before.
            let _ = fs::remove_file(name);
        }
    }
}
