//! What is in a directory, by the path that the system has for its handle. wasmtime-wasi cuts off that path's begin, by which
//! it may be long, or another machine's.

use std::{
    fs::{self, DirEntry, ReadDir},
    io,
    path::PathBuf,
};

use wasmtime::{
    Result, StoreContextMut,
    component::{LinkerInstance, Resource, ResourceType},
};
use wasmtime_wasi::{
    filesystem::{Descriptor, WasiFilesystemCtxView},
    p2::bindings::filesystem::types::{DescriptorType, DirectoryEntry, ErrorCode},
};

use super::{Answer, View};
use crate::process::platform::path_of;

/// A directory that is being read.
struct Listing(ReadDir);

/// Defines the calls anew, and what is handed around between them.
pub(super) fn fit<T: 'static>(types: &mut LinkerInstance<'_, T>, view: View<T>) -> Result<()> {
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
            Ok((view.table.get_mut(&listing)?.next(),))
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
    match path_of(&dir.dir).and_then(fs::read_dir::<PathBuf>) {
        Ok(entries) => Ok(Ok(view.table.push(Listing(entries))?)),
        Err(error) => Ok(Err(error.into())),
    }
}

impl Listing {
    fn next(&mut self) -> std::result::Result<Option<DirectoryEntry>, ErrorCode> {
        self.0.next().map(told).transpose()
    }
}

fn told(entry: io::Result<DirEntry>) -> std::result::Result<DirectoryEntry, ErrorCode> {
    let entry = entry?;
    let kind = entry.file_type()?;
    let type_ = if kind.is_symlink() {
        DescriptorType::SymbolicLink
    } else if kind.is_dir() {
        DescriptorType::Directory
    } else if kind.is_file() {
        DescriptorType::RegularFile
    } else {
        DescriptorType::Unknown
    };
    let name = entry.file_name().into_string();
    let name = name.map_err(|_| ErrorCode::IllegalByteSequence)?;
    Ok(DirectoryEntry { type_, name })
}
