//! A file system of its own on the disk, made anew: what was removed on the disk before does not matter to it, and
//! nothing of it is left on the disk.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use rustix::thread::{UnshareFlags, unshare_unsafe};
use tempfile::TempDir;

use super::Outcome;

/// Of its file, of which the disk keeps what is written.
const SIZE: u64 = 4 << 30;

/// More than any part makes.
const FILES: &str = "400000";

/// Mounted, until the value is gone.
pub(crate) struct Ext4 {
    place: TempDir,
}

impl Ext4 {
    /// As mkfs.ext4 makes it unless told otherwise, with a journal, in a file in a directory.
    ///
    /// # Errors
    /// If this process may not mount, or a program is missing.
    pub(crate) fn make(disk: &Path) -> Outcome<Self> {
        static APART: LazyLock<Result<(), String>> =
            LazyLock::new(|| apart().map_err(|error| error.to_string()));
        APART.clone()?;
        let place = TempDir::with_prefix_in("lockhost-ext4-", disk)?;
        let image = place.path().join("image");
        File::create(&image)?.set_len(SIZE)?;
        run(Command::new("mkfs.ext4")
            .args(["-q", "-N", FILES])
            .arg(&image))?;
        let made = Self { place };
        std::fs::create_dir(made.path())?;
        // No thread of the kernel writes to it what mkfs.ext4 has left for later.
        let mut mount = Command::new("mount");
        run(mount
            .args(["-o", "loop,noinit_itable"])
            .arg(&image)
            .arg(made.path()))?;
        // The mount keeps it. An interrupted run leaves two empty directories.
        std::fs::remove_file(image)?;
        Ok(made)
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.place.path().join("root")
    }
}

impl Drop for Ext4 {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg("--lazy").arg(self.path()));
    }
}

/// Makes whatever this process mounts its own, gone with it however it ends.
fn apart() -> Outcome<()> {
    // SAFETY: descriptors stay shared among all threads.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    run(Command::new("mount").args(["--make-rprivate", "/"]))
}

fn run(command: &mut Command) -> Outcome<()> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
