//! A cgroup of its own for a command, in cgroup v2: the kernel kills all of it at once, also what forks meanwhile.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::{MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    process, thread,
    time::Duration,
};

use rustix::fs::{Access, AtFlags, CWD, FlockOperation, OFlags, accessat, flock};

/// What the names of these cgroups begin with.
const PREFIX: &str = "lockhost-command-";

/// How long to wait for the end of processes that were killed, between two checks.
const TICK: Duration = Duration::from_millis(5);

/// How often to check for the end of processes that a dead lockhost has left.
const TICKS: u32 = 100;

/// How often to try to make one: another process may take a new one for one that was left.
const TRIES: u32 = 8;

/// A cgroup, and the directory that its maker keeps locked by flock(2): one that is not locked was left.
#[derive(Debug)]
pub(super) struct Cgroup {
    path: PathBuf,
    directory: File,
}

impl Cgroup {
    /// Makes one below this process's own, and removes what others have left there.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn make() -> Result<Self, String> {
        let parent = writable_parent()?;
        remove_left_ones(&parent);
        let mut last = String::new();
        for nth in 0..TRIES {
            let name = format!("{PREFIX}{}-{nth}-{:x}", process::id(), unique());
            match Self::make_at(parent.join(name)) {
                Ok(cgroup) => return Ok(cgroup),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    fn make_at(path: PathBuf) -> Result<Self, String> {
        let failed =
            |error: io::Error| format!("cannot make a cgroup in {}: {error}", path.display());
        fs::create_dir(&path).map_err(failed)?;
        let directory = Self::lock(&path).map_err(failed)?;
        let cgroup = Self {
            path: path.clone(),
            directory,
        };
        match path.join("cgroup.kill").exists() {
            true => Ok(cgroup),
            false => Err("the kernel has no cgroup.kill, which Linux 5.14 introduced".to_owned()),
        }
    }

    /// Opens the directory and locks it, if it is still there then.
    fn lock(path: &Path) -> io::Result<File> {
        let directory = open_directory(path)?;
        flock(&directory, FlockOperation::NonBlockingLockExclusive)?;
        let (ours, now) = (directory.metadata()?, fs::metadata(path)?);
        match ours.ino() == now.ino() {
            true => Ok(directory),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Returns one that was handed over.
    pub(super) fn handed_over(path: PathBuf, directory: File) -> Self {
        Self { path, directory }
    }

    /// Returns its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file by which a process joins it.
    pub(super) fn door(&self) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .open(self.path.join("cgroup.procs"))
    }

    /// Kills all processes in it.
    pub(super) fn kill(&self) {
        // If it cannot be done, they are killed one by one.
        let _ = kill(&self.path);
    }

    /// Returns whether no process is in it.
    pub(super) fn is_empty(&self) -> bool {
        is_empty(&self.path)
    }

    /// Removes it, if no process is in it. To drop it does so too.
    pub(super) fn remove(&self) {
        // The next start removes it otherwise.
        let _ = fs::remove_dir(&self.path);
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        self.remove();
    }
}

impl AsFd for Cgroup {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

/// Returns whether one can be had.
///
/// # Errors
/// What is missing.
pub(super) fn check() -> Result<(), String> {
    Cgroup::make().map(drop)
}

fn open_directory(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::DIRECTORY.bits().cast_signed())
        .open(path)
}

fn kill(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .open(path.join("cgroup.kill"))?;
    file.write_all(b"1")
}

/// Returns whether no process is in a cgroup. One that cannot be examined is gone.
fn is_empty(path: &Path) -> bool {
    let events = fs::read_to_string(path.join("cgroup.events"));
    events.map_or(true, |it| it.lines().any(|line| line == "populated 0"))
}

/// Ends what lockhost processes have left that were killed together with their deadmen, and removes their cgroups.
fn remove_left_ones(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let named = entries.filter(|it| {
        it.file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes())
    });
    for path in named.map(|it| it.path()) {
        let Ok(directory) = open_directory(&path) else {
            continue;
        };
        if flock(&directory, FlockOperation::NonBlockingLockExclusive).is_err() {
            // Its maker lives, or its deadman.
            continue;
        }
        let _ = kill(&path);
        let mut ticks = 0..TICKS;
        while !is_empty(&path) && ticks.next().is_some() {
            thread::sleep(TICK);
        }
        let _ = fs::remove_dir(&path);
    }
}

/// Returns this process's own cgroup, if others can be made and entered below it.
fn writable_parent() -> Result<PathBuf, String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")
        .map_err(|error| format!("cannot read /proc/self/mountinfo: {error}"))?;
    let own = fs::read_to_string("/proc/self/cgroup")
        .map_err(|error| format!("cannot read /proc/self/cgroup: {error}"))?;
    let parent = own_directory(&mounts, &own)
        .ok_or_else(|| "cgroup v2 is not mounted, or does not show this process".to_owned())?;
    // The kernel asks for this file when a process moves to a cgroup below.
    for file in [parent.clone(), parent.join("cgroup.procs")] {
        accessat(CWD, &file, Access::WRITE_OK, AtFlags::EACCESS).map_err(|error| {
            format!(
                "cannot write to {}: {}",
                file.display(),
                io::Error::from(error)
            )
        })?;
    }
    Ok(parent)
}

/// Returns the directory of a process's cgroup, by the contents of `mountinfo` and `cgroup` in proc(5).
fn own_directory(mounts: &str, cgroups: &str) -> Option<PathBuf> {
    let own = cgroups.lines().find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let (fields, behind) = line.split_once(" - ")?;
        let mut fields = fields.split(' ').skip(3);
        let (root, point) = (unescaped(fields.next()?), unescaped(fields.next()?));
        if behind.split(' ').next() != Some("cgroup2") {
            return None;
        }
        // Beyond the root of its namespace, it begins with `/..`.
        let below = Path::new(own).strip_prefix(&root).ok()?;
        let is_below = below.components().all(|it| it.as_os_str() != "..");
        is_below.then(|| Path::new(&point).join(below))
    })
}

/// Returns a path of `mountinfo`, in which a blank and some other characters are octal numbers.
fn unescaped(path: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (number, character)| {
        path.replace(number, character)
    })
}

/// Returns a number that another process with this pid, in another namespace, does not have.
fn unique() -> u64 {
    let mut bytes = [0; 8];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    // Without it, a name that is in use is refused, and another one is tried.
    read.map_or(0, |()| u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
        24 1 0:22 / /sys rw - sysfs sysfs rw\n\
        30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
        31 24 0:27 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n";

    fn own(cgroup: &str) -> Option<PathBuf> {
        own_directory(MOUNTS, &format!("4:memory:/elsewhere\n0::{cgroup}\n"))
    }

    #[test]
    fn the_own_cgroup_is_found_beside_others_of_version_1() {
        let unified = Path::new("/sys/fs/cgroup/unified");
        assert_eq!(own("/").as_deref(), Some(unified));
        assert_eq!(own("/a/b.scope"), Some(unified.join("a/b.scope")));
        assert_eq!(own_directory(MOUNTS, "4:memory:/a\n"), None);
    }

    #[test]
    fn a_mount_that_does_not_show_the_own_cgroup_is_none() {
        let mounts = "31 24 0:27 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
        let own = |cgroup: &str| own_directory(mounts, &format!("0::{cgroup}\n"));
        let point = Path::new("/sys/fs/cgroup");
        assert_eq!(own("/docker/x/y"), Some(point.join("y")));
        assert_eq!(own("/docker/z"), None);
        assert_eq!(self::own("/../z"), None);
        let blank = mounts.replace("cgroup rw", "c\\040g rw");
        let found = own_directory(&blank, "0::/docker/x\n");
        assert_eq!(found.as_deref(), Some(Path::new("/sys/fs/c g")));
    }
}
