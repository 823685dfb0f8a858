//! Files to try things with, which go whatever happens.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// Files of names that nobody else has.
pub(super) struct Scratch {
    directory: PathBuf,
    /// What makes their names nobody else's.
    maker: String,
    /// Those that were made.
    names: Vec<PathBuf>,
}

impl Scratch {
    /// None yet. They do not look like locks or claims, so nobody minds them.
    pub(super) fn new(directory: &Path, maker: String) -> Self {
        Self {
            directory: directory.to_owned(),
            maker,
            names: Vec::new(),
        }
    }

    /// Makes one, exclusively.
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

    /// Removes them all, and says how that went.
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
            // Whoever wanted to know has asked before.
            let _ = fs::remove_file(name);
        }
    }
}
