//! Directories as a starting process may find them.

use std::{
    ffi::OsString,
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

/// A number that no process has: beyond what Linux ever counts to (4,194,304).
pub const NOBODY: &str = "999999999\n";

/// A directory of its own, gone with the value.
pub struct Scene {
    directory: TempDir,
    tools: TempDir,
}

impl Scene {
    /// With nothing in it.
    ///
    /// # Panics
    /// If there is no room for temporary directories.
    #[must_use]
    pub fn free() -> Self {
        Self {
            directory: TempDir::with_prefix("lockhost-").expect("a temporary directory"),
            tools: TempDir::with_prefix("lockhost-tools-").expect("a temporary directory"),
        }
    }

    /// With a file that another program left.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn with(self, file: &str, content: &str) -> Self {
        fs::write(self.path().join(file), content).expect("a file in a temporary directory");
        self
    }

    /// As [`Scene::with`], an hour ago.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn with_old(self, file: &str, content: &str) -> Self {
        let scene = self.with(file, content);
        let time = SystemTime::now() - Duration::from_secs(3600);
        File::options()
            .write(true)
            .open(scene.path().join(file))
            .and_then(|file| file.set_modified(time))
            .expect("a file's time can be set");
        scene
    }

    /// With the lock of a dead process.
    #[must_use]
    pub fn stale() -> Self {
        Self::free().with("tinyforge.lock", NOBODY)
    }

    /// Lets every user in, and write.
    ///
    /// # Panics
    /// If its mode cannot be set.
    pub fn open_to_all(&self) {
        fs::set_permissions(self.path(), Permissions::from_mode(0o777))
            .expect("its mode can be set");
    }

    /// A copy of a program, in a directory of its own that every user can reach. It goes with the value.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    pub fn copy_of(&self, program: &Path) -> PathBuf {
        let copy = self
            .tools
            .path()
            .join(program.file_name().expect("a program has a name"));
        fs::copy(program, &copy).expect("a program can be copied");
        fs::set_permissions(self.tools.path(), Permissions::from_mode(0o755))
            .expect("its mode can be set");
        copy
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The lock file.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.path().join("tinyforge.lock")
    }

    /// What is in it, sorted.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn files(&self) -> Vec<OsString> {
        let entries = fs::read_dir(self.path()).expect("a temporary directory can be read");
        let mut files: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        files.sort();
        files
    }
}
