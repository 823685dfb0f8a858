//! Machines on a network of their own, and a volume that all of them mount.
//!
//! A machine is a set of namespaces: processes, mounts, a host name, a network, and another boot id. All of them are inside the
//! namespaces of the bed, which end with its first process. So no process, mount or network is left, however
//! a test ends.

mod machine;
mod namespaces;
mod owner;

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    place::Place,
    server::Server,
    ticks::{self, Turn},
};

pub use machine::Machine;
use namespaces::Namespaces;
pub use owner::{Intervals, Owner};

/// A network, a volume, and what commands write.
pub struct Bed {
    // Before the folder, so that nothing is mounted in it any more when that is removed.
    root: Namespaces,
    machines: Cell<u8>,
    folder: TempDir,
}

impl Default for Bed {
    fn default() -> Self {
        Self::new()
    }
}

impl Bed {
    /// Makes a network without machines, and a volume on a file system of which lockhost does not know that one kernel has it.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["source", "volume"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let root = Namespaces::start(&[], &["--mount", "--net", "--pid", "--mount-proc"]);
        root.run(
            "ip link set lo up; ip link add machines type bridge; ip link set machines up
            bindfs \"$1/source\" \"$1/volume\"",
            &[text(folder.path())],
        );
        Self {
            root,
            machines: Cell::new(0),
            folder,
        }
    }

    /// Starts a machine.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn machine(&self, name: &str) -> Machine {
        let number = self.machines.get() + 1;
        self.machines.set(number);
        Machine::start(&self.root, name, number, self.folder.path())
    }

    /// Starts a coordinator with a member on each of these machines.
    ///
    /// # Panics
    /// If it does not become ready.
    #[must_use]
    pub fn coordinator(&self, machines: &[&Machine]) -> Vec<Server> {
        let places: Vec<Place> = machines.iter().map(|machine| machine.place()).collect();
        Server::cluster_at(&places, &[])
    }

    /// Returns the directory on the volume, as each machine has it.
    #[must_use]
    pub fn volume(&self) -> PathBuf {
        self.folder.path().join("volume")
    }

    /// Returns the directory, as the server of the volume has it.
    #[must_use]
    pub fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    /// Returns the names in the directory.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.source()).expect("a directory");
        let names = entries.map(|entry| entry.expect("a name").file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        // What FUSE keeps of a removed file while a process has it open.
        let names = names.filter(|name| !name.starts_with(".fuse_hidden"));
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// Returns the turns of owners so far.
    #[must_use]
    pub fn turns(&self) -> Vec<Turn> {
        ticks::turns(&ticks_in(self.folder.path()))
    }

    /// Checks that these owners acted, one after the other.
    ///
    /// # Panics
    /// If it is not so.
    pub fn acted(&self, names: &[&str]) {
        ticks::acted(&ticks_in(self.folder.path()), names);
    }
}

/// Returns the file in which commands write that they act. It is not on the volume.
fn ticks_in(folder: &Path) -> PathBuf {
    folder.join("ticks")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a text")
}
