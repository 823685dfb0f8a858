//! Where locks are taken, and what they are taken on.

use std::{fs, io, path::Path, thread};

use lockhost_tests::scene::Scene;
use rustix::fs::statfs;
use tempfile::TempDir;

use super::Outcome;

/// A directory on a file system of some kind, gone with the value.
pub(crate) struct Place {
    root: TempDir,
    kind: String,
}

impl Place {
    fn under(path: &Path) -> Outcome<Self> {
        let root = TempDir::with_prefix_in("lockhost-bench-", path)?;
        // As statfs(2) lists them.
        let kind = match statfs(root.path())?.f_type {
            0xef53 => "ext4".to_owned(),
            0x0102_1994 => "tmpfs".to_owned(),
            0x5846_5342 => "xfs".to_owned(),
            0x9123_683e => "btrfs".to_owned(),
            0x794c_7630 => "overlay".to_owned(),
            other => format!("{other:#x}"),
        };
        Ok(Self { root, kind })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    /// Its file system's kind.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// An empty directory in it.
    pub(crate) fn scene(&self) -> Scene {
        Scene::free_in(self.path())
    }
}

/// In memory, and on the disk that the target folder is on.
pub(crate) fn all() -> Outcome<Vec<Place>> {
    let places = [
        Path::new("/dev/shm"),
        Path::new(env!("CARGO_TARGET_TMPDIR")),
    ];
    places.into_iter().map(Place::under).collect()
}

/// What the processor calls itself, if it does.
fn processor() -> io::Result<Option<String>> {
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let mut fields = processors.lines().filter_map(|line| line.split_once(": "));
    let model = fields.find(|(field, _)| field.starts_with("model name"));
    Ok(model.map(|(_, model)| model.trim().to_owned()))
}

/// What it was measured on, in a line.
pub(crate) fn machine(places: &[Place]) -> io::Result<String> {
    let cores = thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    // The first two numbers: what follows is a distribution's.
    let kernel = kernel.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let processor = processor()?.map_or(String::new(), |model| format!(" ({model})"));
    let kinds: Vec<&str> = places.iter().map(Place::kind).collect();
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    Ok(format!(
        "Measured on {cores} cores{processor}, Linux {kernel}, {}, with a load average of {load} at the end.\n",
        kinds.join(" and ")
    ))
}
