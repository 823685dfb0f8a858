//! File systems with unusual hard links, mounted for one test.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{contender::send, under_lock::stop};

/// A mounted file system, removed with the value.
pub struct Mounted {
    place: TempDir,
    device: Option<String>,
}

impl Mounted {
    /// Mounts exFAT, which has no hard links, in a file of 64 MiB.
    ///
    /// # Panics
    /// If it cannot be made or mounted.
    #[must_use]
    pub fn exfat() -> Self {
        let mut mounted = Self::new();
        let image = mounted.place.path().join("image");
        File::create(&image)
            .and_then(|file| file.set_len(64 << 20))
            .expect("room for an image");
        run(Command::new("mkfs.exfat").arg(&image));
        let device = run(Command::new("losetup")
            .args(["--find", "--show"])
            .arg(&image));
        run(Command::new("mount.exfat-fuse")
            .arg(&device)
            .arg(mounted.path()));
        mounted.device = Some(device);
        mounted
    }

    /// Mounts a file system on which a file may have many names, and shows as another file under each.
    ///
    /// # Panics
    /// If it cannot be mounted.
    #[must_use]
    pub fn unionfs() -> Self {
        Self::over("unionfs", "=RW")
    }

    /// Mounts a foreign file system with usual hard links.
    ///
    /// # Panics
    /// If it cannot be mounted.
    #[must_use]
    pub fn bindfs() -> Self {
        Self::over("bindfs", "")
    }

    /// Mounts a FUSE file system that shows a directory once more, with a device number of its own and without a cache:
    /// other mounts change the directory as well.
    ///
    /// # Panics
    /// If it cannot be mounted.
    #[must_use]
    pub fn bindfs_over(directory: &Path) -> Self {
        let mounted = Self::new();
        mounted.show_uncached(directory);
        mounted
    }

    /// Does as [`Mounted::bindfs`], with a server that answers each question about a file anew.
    ///
    /// # Panics
    /// If it cannot be mounted.
    #[must_use]
    pub fn bindfs_without_cache() -> Self {
        let mounted = Self::new();
        let under = mounted.place.path().join("under");
        std::fs::create_dir(&under).expect("a directory in a temporary directory");
        mounted.show_uncached(&under);
        mounted
    }

    fn show_uncached(&self, directory: &Path) {
        let uncached = "attr_timeout=0,entry_timeout=0,negative_timeout=0";
        let mut bindfs = Command::new("bindfs");
        run(bindfs
            .args(["-o", uncached])
            .arg(directory)
            .arg(self.path()));
    }

    /// Stops the server for as long as the returned value lives: each request to it hangs.
    ///
    /// # Panics
    /// If it is not found.
    #[must_use]
    pub fn stopped(&self) -> Stopped {
        let place = self.path();
        let place = place
            .to_str()
            .expect("a temporary directory's path is text");
        let processes = std::fs::read_dir("/proc").expect("proc(5) is there");
        let numbers = processes.filter_map(|it| it.ok()?.file_name().to_str()?.parse().ok());
        let mut servers = numbers.filter(|pid: &u32| {
            let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
            command.is_ok_and(|it| it.starts_with("bindfs\0") && it.contains(place))
        });
        let server = servers.next().expect("it has a server");
        // Until it has answered once, requests wait elsewhere: the mount is not initialised.
        std::fs::metadata(self.path()).expect("it answers");
        stop(server);
        Stopped(server)
    }

    fn over(program: &str, how: &str) -> Self {
        let mounted = Self::new();
        let under = mounted.place.path().join("under");
        std::fs::create_dir(&under).expect("a directory in a temporary directory");
        let mut under = under.into_os_string();
        under.push(how);
        run(Command::new(program).arg(under).arg(mounted.path()));
        mounted
    }

    fn new() -> Self {
        let place = TempDir::with_prefix("lockhost-mounted-").expect("a temporary directory");
        std::fs::create_dir(place.path().join("root")).expect("a place to mount at");
        Self {
            place,
            device: None,
        }
    }

    /// Returns where it is mounted.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.place.path().join("root")
    }
}

/// A server that is stopped; it goes on once the value is dropped.
pub struct Stopped(u32);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = send(self.0, Signal::CONT);
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // The server ends with the mount. A test that fails may have left a process in it.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .output();
        if let Some(device) = &self.device {
            let _ = Command::new("losetup").arg("--detach").arg(device).output();
        }
    }
}

/// Returns a command's output.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the command can be started");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Returns whether a path is mounted, for tests that check their own setup.
///
/// # Panics
/// If the system does not list the mounts.
#[must_use]
pub fn is_mounted(path: &Path) -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("proc(5) tells");
    mounts
        .lines()
        .any(|line| line.split(' ').nth(1) == path.to_str())
}
