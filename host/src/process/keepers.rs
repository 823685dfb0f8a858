//! Who keeps a file locked, where proc(5) shows it: the processes that have the open file under which it was locked, by
//! inheritance or because they locked it.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::holder::Keeper;

/// The processes that keep the file of this name locked, as far as this one may look at them.
///
/// For a person to read, and nothing that is decided on: the file is found by its name, which may be another one's by
/// now.
pub(crate) fn keepers(path: &Path) -> Vec<Keeper> {
    let (Ok(file), Ok(processes)) = (fs::symlink_metadata(path), fs::read_dir("/proc")) else {
        return Vec::new();
    };
    let wanted = Wanted {
        id: (file.dev(), file.ino()),
        name: lock_name(path),
    };
    let numbers = processes.flatten().filter_map(|entry| {
        let name = entry.file_name();
        name.to_str()?.parse().ok()
    });
    numbers
        .filter(|pid| wanted.is_kept_by(*pid))
        .map(|pid| Keeper::new(pid, command(pid)))
        .collect()
}

struct Wanted {
    id: (u64, u64),
    /// What the names begin with under which the file may have been opened: the lock's, which its claim has as well.
    name: String,
}

impl Wanted {
    fn is_kept_by(&self, pid: u32) -> bool {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let descriptors = fs::read_dir(process.join("fd")).into_iter().flatten();
        descriptors.flatten().any(|entry| {
            let descriptor = entry.path();
            // Asked for its name first: to look at a file behind a descriptor may hang, on a server that is gone.
            let named = fs::read_link(&descriptor)
                .ok()
                .and_then(|link| Some(link.file_name()?.to_str()?.starts_with(&self.name)));
            named == Some(true)
                && fs::metadata(&descriptor).is_ok_and(|it| (it.dev(), it.ino()) == self.id)
                && locks(&process.join("fdinfo").join(entry.file_name()))
        })
    }
}

/// Whether the open file has an exclusive flock(2): who only asks has at most a shared one.
fn locks(descriptor: &Path) -> bool {
    let told = fs::read_to_string(descriptor).unwrap_or_default();
    told.lines().any(|line| {
        let line = line.strip_prefix("lock:");
        line.is_some_and(|lock| lock.contains("FLOCK") && lock.contains("WRITE"))
    })
}

fn lock_name(path: &Path) -> String {
    let mut name = path.file_name().unwrap_or_default().to_string_lossy();
    while let Some(shorter) = name.strip_suffix(".reclaim") {
        name = shorter.to_owned().into();
    }
    name.into_owned()
}

fn command(pid: u32) -> String {
    let command = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    String::from_utf8_lossy(&command).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

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
}
