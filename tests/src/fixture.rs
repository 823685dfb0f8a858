//! Directories as a starting process may find them.

// Only POSIX has numbers of users and modes.
#[cfg(unix)]
mod users;

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use crate::{identity::Identity, launch};

/// A pid that no process has: beyond Linux's largest (4,194,304).
pub const NO_PROCESS: &str = "999999999\n";

/// A directory of its own, removed with the value.
pub struct Fixture {
    directory: TempDir,
    /// Made when a program has to be run from it.
    #[cfg_attr(
        windows,
        expect(dead_code, reason = "no test becomes another user there")
    )]
    tools: OnceLock<TempDir>,
}

impl Fixture {
    /// Returns an empty directory.
    ///
    /// # Panics
    /// If there is no room for temporary directories.
    #[must_use]
    pub fn free() -> Self {
        Self::free_in(&env::temp_dir())
    }

    /// Returns an empty directory in another place than that of temporary files.
    ///
    /// # Panics
    /// If it cannot be made there.
    #[must_use]
    pub fn free_in(place: &Path) -> Self {
        launch::normalize();
        Self {
            directory: TempDir::with_prefix_in("lockhost-", place).expect("a temporary directory"),
            tools: OnceLock::new(),
        }
    }

    /// Adds a file that another program left.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn with(self, file: &str, content: &str) -> Self {
        fs::write(self.path().join(file), content).expect("a file in a temporary directory");
        self
    }

    /// Adds a file as [`Fixture::with`] does, an hour old.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn with_old(self, file: &str, content: &str) -> Self {
        let fixture = self.with(file, content);
        let time = SystemTime::now() - Duration::from_secs(3600);
        File::options()
            .write(true)
            .open(fixture.path().join(file))
            .and_then(|file| file.set_modified(time))
            .expect("a file's time can be set");
        fixture
    }

    /// Returns a directory with the lock of a dead process.
    #[must_use]
    pub fn stale() -> Self {
        Self::free().with("tinyforge.lock", NO_PROCESS)
    }

    /// Adds a claim that a process with this pid left, under further names too. The process is gone: the pid must be
    /// beyond the kernel's largest.
    ///
    /// # Panics
    /// If the files cannot be made.
    #[must_use]
    pub fn crashed(self, pid: u32, names: &[&str]) -> Self {
        let mine = Identity::mine(Self::free().path());
        mine.with('p', &pid.to_string()).leave_at(&self, names);
        self
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the path of the lock file.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.path().join("tinyforge.lock")
    }

    /// Returns its files, sorted. A FUSE server keeps a removed file under a name of its own as long as a process has
    /// it open. This waits until no such file is left.
    ///
    /// # Panics
    /// If it cannot be read, or if a process keeps a removed file open on a FUSE file system.
    #[must_use]
    pub fn files(&self) -> Vec<OsString> {
        let is_open = |file: &OsString| file.to_string_lossy().starts_with(".fuse_hidden");
        for _ in 0..1_000_000 {
            let files = self.listed();
            if !files.iter().any(is_open) {
                return files;
            }
            thread::yield_now();
        }
        panic!("a process keeps a removed file open: {:?}", self.listed());
    }

    fn listed(&self) -> Vec<OsString> {
        let entries = fs::read_dir(self.path()).expect("a temporary directory can be read");
        let mut files: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        files.sort();
        files
    }
}
