//! Where locks are taken, and what they are taken on.

use std::{fs, io, path::Path, sync::Once, thread};

use lockhost_tests::fixture::Fixture;
use rustix::fs::statfs;
use tempfile::TempDir;

use super::{Outcome, ext4::Ext4};

/// A directory on a file system of some kind, gone with the value.
pub(crate) struct Place {
    root: TempDir,
    kind: String,
    /// What it lies on, and alone: unmounted once it is empty.
    own: Option<Ext4>,
}

impl Place {
    fn under(path: &Path, own: Option<Ext4>) -> Outcome<Self> {
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
        Ok(Self { root, kind, own })
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
    pub(crate) fn fixture(&self) -> Fixture {
        Fixture::free_in(self.path())
    }
}

/// In memory, and on the disk that the target folder is on: on a new file system there, or on the disk's own where this
/// process may not mount one.
pub(crate) fn all() -> Outcome<Vec<Place>> {
    let disk = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let on_disk = match Ext4::make(disk) {
        Ok(own) => Place::under(&own.path(), Some(own))?,
        Err(error) => {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                eprintln!("the disk is measured as it is, whatever was removed there: {error}")
            });
            Place::under(disk, None)?
        }
    };
    Ok(vec![Place::under(Path::new("/dev/shm"), None)?, on_disk])
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
    let own = match places.iter().any(|place| place.own.is_some()) {
        true => ", which is made anew for each part",
        false => "",
    };
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    Ok(format!(
        "Measured on {cores} cores{processor}, Linux {kernel}, {}{own}, with a load average of {load} at the end.\n",
        kinds.join(" and ")
    ))
}
