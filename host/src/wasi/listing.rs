//! Directory listings, an entry at a time. wasmtime-wasi's reads the whole directory at once and keeps it, and examines
//! each file for its type.

use wasmtime::{
    Result, StoreContextMut,
    component::{LinkerInstance, Resource, ResourceType},
};
use wasmtime_wasi::{
    filesystem::{Descriptor, WasiFilesystemCtxView},
    p2::bindings::filesystem::types::ErrorCode,
};

use self::platform::Listing;
use super::answer::{Answer, View};

#[cfg_attr(windows, path = "listing/windows.rs")]
#[cfg_attr(not(windows), path = "listing/unix.rs")]
mod platform;

/// Defines the calls anew, and the resource that they share.
pub(crate) fn fit<T: 'static>(types: &mut LinkerInstance<'_, T>, view: View<T>) -> Result<()> {
    let listing = ResourceType::host::<Listing>();
    types.resource("directory-entry-stream", listing, move |mut store, rep| {
        let listing = Resource::<Listing>::new_own(rep);
        drop(view(store.data_mut()).table.delete(listing)?);
        Ok(())
    })?;
    types.func_wrap(
        "[method]descriptor.read-directory",
        move |mut store: StoreContextMut<'_, T>, (dir,): (Resource<Descriptor>,)| {
            Ok((read_directory(view(store.data_mut()), &dir)?,))
        },
    )?;
    types.func_wrap(
        "[method]directory-entry-stream.read-directory-entry",
        move |mut store: StoreContextMut<'_, T>, (listing,): (Resource<Listing>,)| {
            let view = view(store.data_mut());
            Ok((view.table.get_mut(&listing)?.entry(),))
        },
    )
}

fn read_directory(
    view: WasiFilesystemCtxView<'_>,
    dir: &Resource<Descriptor>,
) -> Answer<Resource<Listing>> {
    let Descriptor::Dir(dir) = view.table.get(dir)? else {
        return Ok(Err(ErrorCode::NotDirectory));
    };
    match Listing::of(&dir.dir) {
        Ok(listing) => Ok(Ok(view.table.push(listing)?)),
        Err(code) => Ok(Err(code)),
    }
}
