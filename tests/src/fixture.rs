//! Directories as a starting process may find them.

// Numbers of users and modes are POSIX' alone.
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

/// A number that no process has: beyond what Linux ever counts to (4,194,304).
pub const NOBODY: &str = "999999999\n";

/// A directory of its own, gone with the value.
pub struct Fixture {
    directory: TempDir,
    /// Made when something has to be run from it.
    #[cfg_attr(
        windows,
        expect(dead_code, reason = "nobody becomes another user there")
    )]
    tools: OnceLock<TempDir>,
}

impl Fixture {
    /// With nothing in it.
    ///
    /// # Panics
    /// If there is no room for temporary directories.
    #[must_use]
    pub fn free() -> Self {
        Self::free_in(&env::temp_dir())
    }

    /// With nothing in it, in another place than where temporary files are.
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

    /// With a file that another program left.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn with(self, file: &str, content: &str) -> Self {
        fs::write(self.path().join(file), content).expect("a file in a temporary directory");
        self
    }

    /// As [`Fixture::with`], an hour ago.
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

    /// With the lock of a dead process.
    #[must_use]
    pub fn stale() -> Self {
        Self::free().with("tinyforge.lock", NOBODY)
    }

    /// With a claim that a process of this number left, and further names of it. The process is gone: the number must be
    /// beyond what the kernel counts to.
    ///
    /// # Panics
    /// If the files cannot be made.
    #[must_use]
    pub fn crashed(self, pid: u32, names: &[&str]) -> Self {
        let mine = Identity::mine(Self::free().path());
        mine.with('p', &pid.to_string()).leave_at(&self, names);
        self
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

    /// What is in it, sorted. On a FUSE file system, once its server has heard that nobody has the rest open any more:
    /// until then it keeps a file that was removed, under a name of its own.
    ///
    /// # Panics
    /// If it cannot be read, or if somebody keeps a removed file open on a FUSE file system.
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
        panic!("somebody keeps a removed file open: {:?}", self.listed());
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
