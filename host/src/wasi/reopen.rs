//! Opening a guest's descriptor a second time.

use wasmtime_wasi::filesystem::{Descriptor, Dir, File};

/// A plugin's descriptor, for the component: with what it permits and no more. Its calls block, whichever way the
/// plugin's own go about it.
pub(crate) fn reopen(descriptor: &Descriptor) -> wasmtime::Result<Descriptor> {
    Ok(match descriptor {
        Descriptor::Dir(dir) => {
            let handle = dir.dir.try_clone()?;
            Descriptor::Dir(Dir::new(handle, dir.perms, dir.open_mode, true))
        }
        // No directory, and the component says so.
        Descriptor::File(file) => {
            let handle = file.file.try_clone()?;
            Descriptor::File(File::new(handle, file.perms, file.open_mode, true))
        }
    })
}
