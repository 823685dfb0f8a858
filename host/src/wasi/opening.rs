//! `open-at` for one name of a directory: the parts that both platforms share.

use wasmtime::{
    Result, StoreContextMut,
    component::{LinkerInstance, Resource},
};
use wasmtime_wasi::{
    filesystem::{Descriptor, OpenMode, WasiFilesystemCtxView},
    p2::bindings::filesystem::types::{DescriptorFlags, HostDescriptor, OpenFlags, PathFlags},
};

use super::{
    answer::{Answer, View, answer, at_once},
    reopen::reopen,
};

pub(super) type Directory = Resource<Descriptor>;

/// Whether a file must exist, or must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// It must exist.
    Existing,
    /// It must not exist, and is made.
    New,
}

/// The way in which a file is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) follow: PathFlags,
    pub(crate) how: OpenFlags,
    pub(crate) flags: DescriptorFlags,
}

impl Opening {
    /// Returns whether the file must exist, or must not, if it is opened in a way that is handled here.
    pub(crate) fn wanted(self) -> Option<Wanted> {
        let asked = DescriptorFlags::READ | DescriptorFlags::WRITE;
        if self.follow != PathFlags::empty() || !asked.contains(self.flags) {
            None
        } else if self.how == OpenFlags::empty() {
            Some(Wanted::Existing)
        } else if self.how == (OpenFlags::CREATE | OpenFlags::EXCLUSIVE) {
            Some(Wanted::New)
        } else {
            None
        }
    }

    /// Returns the mode, as wasmtime-wasi does: a new file is writable, and a file that is not opened for writing is
    /// readable.
    pub(crate) fn mode(self) -> OpenMode {
        let mut mode = OpenMode::empty();
        let writes = self.flags.contains(DescriptorFlags::WRITE);
        let makes = self.how.contains(OpenFlags::CREATE);
        mode.set(OpenMode::WRITE, writes || makes);
        let reads = self.flags.contains(DescriptorFlags::READ) || !writes;
        mode.set(OpenMode::READ, reads);
        mode
    }
}

/// Opens a file of a directory for a guest.
pub(super) type OpenAt =
    fn(WasiFilesystemCtxView<'_>, &Directory, String, Opening) -> Answer<Directory>;

/// Defines `open-at` anew.
pub(super) fn fit<T: 'static>(
    types: &mut LinkerInstance<'_, T>,
    view: View<T>,
    open_at: OpenAt,
) -> Result<()> {
    types.func_wrap(
        "[method]descriptor.open-at",
        move |mut store: StoreContextMut<'_, T>,
              (dir, follow, path, how, flags): (
            Directory,
            PathFlags,
            String,
            OpenFlags,
            DescriptorFlags,
        )| {
            let opening = Opening { follow, how, flags };
            Ok((open_at(view(store.data_mut()), &dir, path, opening)?,))
        },
    )
}

/// Opens a file as wasmtime-wasi does.
pub(super) fn open_by_wasmtime(
    mut view: WasiFilesystemCtxView<'_>,
    dir: &Directory,
    path: String,
    opening: Opening,
) -> Answer<Directory> {
    let Opening { follow, how, flags } = opening;
    let dir = blocking(&mut view, dir)?;
    let opened = view.open_at(Resource::new_own(dir.rep()), follow, path, how, flags);
    let opened = at_once(opened)?;
    view.table.delete(dir)?;
    answer(opened)
}

/// Returns the same descriptor with calls that block; delete it after one call.
pub(super) fn blocking(
    view: &mut WasiFilesystemCtxView<'_>,
    descriptor: &Resource<Descriptor>,
) -> Result<Resource<Descriptor>> {
    let reopened = reopen(view.table.get(descriptor)?)?;
    Ok(view.table.push(reopened)?)
}
