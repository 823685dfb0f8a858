//! Directories for the component.

use std::{fs::File, io, path::Path};

use wasmtime_wasi::filesystem::{Descriptor, Dir, FsPerms, OpenMode};

use crate::process::platform;

/// Opens a directory for the component: `lockfile`'s `attempt` and `inspect` accept it once it is in the store's table.
/// The component sees nothing above or beside it. [`bindings`](crate::bindings) has an example.
///
/// # Errors
/// If there is no such directory, or it may not be searched.
pub fn open_directory(path: impl AsRef<Path>) -> io::Result<Descriptor> {
    let directory = platform::open_directory(path.as_ref())?;
    Ok(Descriptor::Dir(as_dir(directory)))
}

/// Returns a directory in the form that the component needs.
pub(crate) fn as_dir(directory: File) -> Dir {
    let mode = OpenMode::READ | OpenMode::WRITE;
    Dir::new(directory, FsPerms::ReadWrite, mode, true)
}
