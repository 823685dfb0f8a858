//! A second descriptor of a guest's file or directory.

use wasmtime_wasi::filesystem::{Descriptor, Dir, File};

/// Opens a plugin's descriptor once more for the component, with the same permissions. Its calls block, whatever the
/// plugin's own do.
pub(crate) fn reopen(descriptor: &Descriptor) -> wasmtime::Result<Descriptor> {
    Ok(match descriptor {
        Descriptor::Dir(dir) => {
            let handle = dir.dir.try_clone()?;
            Descriptor::Dir(Dir::new(handle, dir.perms, dir.open_mode, true))
        }
        // It is not a directory, which the component reports.
        Descriptor::File(file) => {
            let handle = file.file.try_clone()?;
            Descriptor::File(File::new(handle, file.perms, file.open_mode, true))
        }
    })
}
