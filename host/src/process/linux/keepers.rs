//! The processes that keep a file locked, where proc(5) shows them: those that have the open file under which it was
//! locked, by inheritance or because they locked it.
//!
//! The answer is for a message, so finding it must neither hang nor cost without bound. A descriptor of another process
//! may lie on any mount of the machine, and a mount whose server is dead blocks every stat(2). So this reads only the
//! descriptor's name and its entry in `fdinfo`, which touch no file system. It examines the file itself only once that
//! entry shows that it lies where the lock does.

use std::{
    fs,
    fs::File,
    io::Read,
    os::{fd::AsRawFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::fs::{Mode, OFlags};

use crate::process::keeper::Keeper;

/// The maximum number of descriptors that are examined, of one process and of all.
const OF_ONE: usize = 1_000;
const OF_ALL: usize = 10_000;

/// The longest time of a search. Where nothing is slow, the number of descriptors ends it long before.
const TIME: Duration = Duration::from_secs(1);

/// The maximum number of bytes that are read of a file of proc(5): some ten thousand locks or mounts.
const LONGEST: u64 = 1 << 20;

/// Returns the processes that keep the file of this name locked, as far as this one may examine them and finds them
/// within bounds: some may be missing. The process that locked the file is found first, however many others there are.
///
/// The result is for a person to read, and no decision may depend on it: the file is found by its name, which may
/// belong to another file by now.
pub(crate) fn keepers(path: &Path) -> Vec<Keeper> {
    let Some(wanted) = Wanted::at(path) else {
        return Vec::new();
    };
    let end = Instant::now() + TIME;
    let lockers = lockers(&wanted);
    let mut bounds = Bounds::new(OF_ALL, end);
    let others =
        processes().filter(|pid| !lockers.contains(pid) && wanted.is_kept_by(*pid, &mut bounds));
    let first = lockers.iter().copied();
    first
        .filter(|pid| wanted.is_kept_by(*pid, &mut Bounds::new(OF_ONE, end)))
        .chain(others)
        .map(|pid| Keeper::new(pid, command(pid)))
        .collect()
}

/// Returns whether one of these processes keeps the file of this name locked. `false` also where this one may not
/// examine them.
pub(crate) fn is_kept_by_any(path: &Path, pids: &[u32]) -> bool {
    let end = Instant::now() + TIME;
    let mut bounds = Bounds::new(OF_ALL, end);
    Wanted::at(path).is_some_and(|it| pids.iter().any(|pid| it.is_kept_by(*pid, &mut bounds)))
}

/// Returns the processes that have locked the file, if they still run and no other process got their number.
fn lockers(wanted: &Wanted) -> Vec<u32> {
    let locks = contents(Path::new("/proc/locks"));
    let locks = locks.lines().filter_map(Flock::parse);
    let locks = locks.filter(|lock| lock.place == wanted.place);
    locks.map(|lock| lock.pid).collect()
}

/// Returns all processes that are shown.
fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The remaining limits of a search.
struct Bounds {
    descriptors: usize,
    end: Instant,
}

impl Bounds {
    fn new(descriptors: usize, end: Instant) -> Self {
        Self { descriptors, end }
    }

    /// Returns whether one more descriptor may be examined.
    fn allow(&mut self) -> bool {
        let left = self.descriptors.checked_sub(1);
        self.descriptors = left.unwrap_or(0);
        left.is_some() && Instant::now() < self.end
    }

    fn are_reached(&self) -> bool {
        self.descriptors == 0 || Instant::now() >= self.end
    }
}

/// A file's place in the kernel: the device of its file system, and its inode there. stat(2) may report other numbers
/// (btrfs has a device for each subvolume, and overlayfs reports that of a layer).
type Place = ((u32, u32), u64);

struct Wanted {
    place: Place,
    /// As stat(2) reports it. Two files of different subvolumes of one btrfs may have the same place.
    id: (u64, u64),
    /// The beginning of the names under which the file may have been opened: the lock's, which its claim has as well.
    name: String,
}

impl Wanted {
    fn at(path: &Path) -> Option<Self> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
        let told = file.metadata().ok()?;
        let entry = contents(&PathBuf::from(format!(
            "/proc/self/fdinfo/{}",
            file.as_raw_fd()
        )));
        let field = |name: &str| {
            let mut lines = entry.lines();
            let text = lines.find_map(|line| line.strip_prefix(name));
            text.map(str::trim)
        };
        let mounts = contents(Path::new("/proc/self/mountinfo"));
        let device = device_of(field("mnt_id:")?, &mounts)?;
        // Before Linux 5.14 there is no such field. What stat(2) reports is the same except on overlayfs, where no
        // keeper is found then.
        let inode = field("ino:").map_or(Some(told.ino()), |inode| inode.parse().ok())?;
        Some(Self {
            place: (device, inode),
            id: (told.dev(), told.ino()),
            name: lock_name(path),
        })
    }

    fn is_kept_by(&self, pid: u32, bounds: &mut Bounds) -> bool {
        if bounds.are_reached() {
            return false;
        }
        let process = PathBuf::from(format!("/proc/{pid}"));
        let descriptors = fs::read_dir(process.join("fd")).into_iter().flatten();
        descriptors
            .flatten()
            .take(OF_ONE)
            .take_while(|_| bounds.allow())
            .any(|entry| {
                let descriptor = entry.path();
                self.is_named(&descriptor)
                    && self.is_locked_by(&process.join("fdinfo").join(entry.file_name()))
                    && self.is_at(&descriptor)
            })
    }

    /// Returns whether the name under which a descriptor was opened begins as the lock's. The kernel keeps it: nothing
    /// is looked up.
    fn is_named(&self, descriptor: &Path) -> bool {
        let name = fs::read_link(descriptor).ok();
        let name = name.as_deref().and_then(Path::file_name);
        name.and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(&self.name))
    }

    /// Returns whether the open file has an exclusive flock(2) at the place of the wanted one. A process that only
    /// probes has at most a shared lock. The entry shows the kernel's own numbers, which are the same in all mount
    /// namespaces.
    fn is_locked_by(&self, entry: &Path) -> bool {
        let entry = contents(entry);
        let locks = entry.lines().filter_map(|line| line.strip_prefix("lock:"));
        locks
            .filter_map(Flock::parse)
            .any(|lock| lock.place == self.place)
    }

    /// Returns whether the file behind a descriptor is the wanted one. By now it is known to lie on the file system of
    /// the lock, which has answered this process before: no other server is contacted.
    fn is_at(&self, descriptor: &Path) -> bool {
        fs::metadata(descriptor).is_ok_and(|it| (it.dev(), it.ino()) == self.id)
    }
}

/// An exclusive flock(2), as `/proc/locks` and `fdinfo` show it: `1: FLOCK  ADVISORY  WRITE 4711 fe:00:131 0 EOF`.
struct Flock {
    /// The process that locked it; 0 if it has ended, or is in another PID namespace.
    pid: u32,
    place: Place,
}

impl Flock {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace().skip(1);
        if (words.next()?, words.next()?, words.next()?) != ("FLOCK", "ADVISORY", "WRITE") {
            return None;
        }
        let pid = words.next()?.parse().ok()?;
        let mut numbers = words.next()?.split(':');
        let mut device = || u32::from_str_radix(numbers.next()?, 16).ok();
        let device = (device()?, device()?);
        let inode = numbers.next()?.parse().ok()?;
        Some(Self {
            pid,
            place: (device, inode),
        })
    }
}

/// Returns the device of a mount from `mountinfo`: its number is in the first field, and `major:minor` in the third.
fn device_of(mount: &str, mounts: &str) -> Option<(u32, u32)> {
    let lines = mounts.lines().map(|line| line.split(' '));
    let mut found = lines.filter_map(|mut fields| (fields.next()? == mount).then_some(fields));
    let (major, minor) = found.next()?.nth(1)?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Returns the beginning of a file of proc(5); empty if it is not shown.
fn contents(path: &Path) -> String {
    let mut contents = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(LONGEST).read_to_end(&mut contents);
    }
    // The names of mounts may contain any bytes.
    String::from_utf8_lossy(&contents).into_owned()
}

fn lock_name(path: &Path) -> String {
    let mut name = path.file_name().unwrap_or_default().to_string_lossy();
    while let Some(shorter) = name.strip_suffix(".reclaim") {
        name = shorter.to_owned().into();
    }
    name.into_owned()
}

fn command(pid: u32) -> String {
    let command = contents(&PathBuf::from(format!("/proc/{pid}/comm")));
    command.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_keeps_a_file_locked_is_named_and_who_only_asks_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("some.lock");
        let keeper = File::create(&path).unwrap();
        let asking = File::open(&path).unwrap();
        assert_eq!(keepers(&path), []);
        asking.try_lock_shared().unwrap();
        assert_eq!(keepers(&path), []);
        drop(asking);
        keeper.try_lock().unwrap();
        let [found] = &keepers(&path)[..] else {
            panic!("{:?}", keepers(&path));
        };
        assert_eq!(found.pid(), std::process::id());
        assert!(!found.command().is_empty());
    }

    #[test]
    fn the_keeper_of_another_file_of_that_name_is_not_named() {
        let directories = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let paths = directories.each_ref().map(|it| it.path().join("some.lock"));
        let files = paths.each_ref().map(|path| File::create(path).unwrap());
        files[0].try_lock().unwrap();
        assert_eq!(keepers(&paths[0]).len(), 1);
        assert_eq!(keepers(&paths[1]), []);
    }

    #[test]
    fn a_lock_is_read_as_the_kernel_shows_it() {
        let lock = Flock::parse("\t1: FLOCK  ADVISORY  WRITE 4711 fe:1f:131 0 EOF").unwrap();
        assert_eq!((lock.pid, lock.place), (4711, ((0xfe, 0x1f), 131)));
        for other in [
            "",
            "1: FLOCK  ADVISORY  READ  4711 fe:1f:131 0 EOF",
            "1: POSIX  ADVISORY  WRITE 4711 fe:1f:131 0 EOF",
            "1: -> FLOCK  ADVISORY  WRITE 4711 fe:1f:131 0 EOF",
            "1: FLOCK  ADVISORY  WRITE 4711 <none>:0 0 EOF",
            "1: FLOCK  ADVISORY  WRITE 4711",
        ] {
            assert!(Flock::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_mount_is_found_by_its_whole_number() {
        let mounts =
            "127 1 8:1 / / rw - ext4 /dev/sda1 rw\n27 127 0:21 / /a\\040b rw - proc proc rw\n";
        assert_eq!(device_of("27", mounts), Some((0, 21)));
        assert_eq!(device_of("127", mounts), Some((8, 1)));
        assert_eq!(device_of("7", mounts), None);
    }

    #[test]
    fn only_so_many_descriptors_are_looked_at() {
        let now = Instant::now();
        let mut bounds = Bounds::new(3, now + Duration::from_secs(3_600));
        assert!(!bounds.are_reached());
        assert_eq!((0..9).filter(|_| bounds.allow()).count(), 3);
        assert!(bounds.are_reached());
        let mut late = Bounds::new(OF_ONE, now);
        assert!(late.are_reached() && !late.allow());
    }
}
