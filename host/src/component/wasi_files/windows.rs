//! The functions by wasmtime-wasi, and those that name one file by [`fit_filesystem`](crate::fit_filesystem).
//!
//! wasmtime-wasi's functions are `async`. Its own linker runs their callers on a separate stack, so that a call can be
//! interrupted and resumed. Here no call ever waits, since all descriptors block.

use wasmtime::{
    Result, StoreContextMut,
    component::{Linker, LinkerInstance, Resource, ResourceType},
};
use wasmtime_wasi::{
    WasiCtx,
    filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemView},
    p2::bindings::filesystem::types::{
        DescriptorFlags, DirectoryEntryStream, Filesize, HostDescriptor, HostDirectoryEntryStream,
        NewTimestamp, OpenFlags, PathFlags,
    },
};

use super::{Handle, State};
use crate::wasi::{
    answer::{TYPES, answer, at_once},
    fit_filesystem,
};

type Entries = Resource<DirectoryEntryStream>;

/// Returns a store's part of WASI, with nothing in it. Blocking is allowed, so every call is done when it returns, on
/// this thread.
pub(in crate::component) fn context() -> WasiFilesystemCtx {
    let mut wasi = WasiCtx::builder()
        .allow_blocking_current_thread(true)
        .build();
    wasi.filesystem().clone()
}

/// Defines a function of the interface by wasmtime-wasi's.
macro_rules! define {
    ($types:ident, $name:literal, $function:ident($($argument:ident: $type:ty),+)) => {
        $types.func_wrap(
            $name,
            |mut store: StoreContextMut<'_, State>, ($($argument,)+): ($($type,)+)| {
                let mut view = store.data_mut().filesystem();
                Ok((answer(at_once(view.$function($($argument),+))?)?,))
            },
        )?;
    };
}

/// Adds the functions to a linker.
pub(in crate::component) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut types = linker.instance(TYPES)?;
    add_descriptor(&mut types)?;
    add_directory(&mut types)?;
    add_listing(&mut types)?;
    fit_filesystem(linker, |state| state.filesystem())
}

fn add_descriptor(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.resource(
        "descriptor",
        ResourceType::host::<Descriptor>(),
        |mut store, rep| {
            let mut view = store.data_mut().filesystem();
            HostDescriptor::drop(&mut view, Resource::new_own(rep))
        },
    )?;
    define!(types, "[method]descriptor.read", read(file: Handle, length: Filesize, offset: Filesize));
    define!(types, "[method]descriptor.write", write(file: Handle, bytes: Vec<u8>, offset: Filesize));
    define!(types, "[method]descriptor.set-times", set_times(file: Handle, accessed: NewTimestamp, modified: NewTimestamp));
    define!(types, "[method]descriptor.stat", stat(file: Handle));
    define!(types, "[method]descriptor.metadata-hash", metadata_hash(file: Handle));
    Ok(())
}

fn add_directory(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    define!(types, "[method]descriptor.stat-at", stat_at(dir: Handle, follow: PathFlags, path: String));
    define!(types, "[method]descriptor.metadata-hash-at", metadata_hash_at(dir: Handle, follow: PathFlags, path: String));
    define!(types, "[method]descriptor.open-at", open_at(dir: Handle, follow: PathFlags, path: String, how: OpenFlags, flags: DescriptorFlags));
    define!(types, "[method]descriptor.link-at", link_at(dir: Handle, follow: PathFlags, path: String, to: Handle, name: String));
    define!(types, "[method]descriptor.unlink-file-at", unlink_file_at(dir: Handle, path: String));
    Ok(())
}

fn add_listing(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    let listing = ResourceType::host::<DirectoryEntryStream>();
    types.resource("directory-entry-stream", listing, |mut store, rep| {
        let mut view = store.data_mut().filesystem();
        HostDirectoryEntryStream::drop(&mut view, Resource::new_own(rep))
    })?;
    define!(types, "[method]descriptor.read-directory", read_directory(dir: Handle));
    define!(types, "[method]directory-entry-stream.read-directory-entry", read_directory_entry(entries: Entries));
    Ok(())
}
