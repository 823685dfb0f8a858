//! What the component calls of `wasi:filesystem/types`, as functions that are done when they return.
//!
//! wasmtime-wasi's are `async`, and what calls them through its own linker runs on a stack of its own, so that it can be
//! left half-way and gone on with. Here nothing is ever waited for, since all descriptors block. So the component runs on
//! the caller's stack, and there is none to be made for it.

use wasmtime::{
    Result, StoreContextMut,
    component::{Linker, LinkerInstance, Resource, ResourceType},
};
use wasmtime_wasi::{
    filesystem::{Descriptor, WasiFilesystemView},
    p2::bindings::filesystem::types::{
        DescriptorFlags, DirectoryEntryStream, Filesize, HostDescriptor, HostDirectoryEntryStream,
        OpenFlags, PathFlags,
    },
};

use super::{State, at_once};
use crate::filesystem::{TYPES, answer};

type Handle = Resource<Descriptor>;

type Entries = Resource<DirectoryEntryStream>;

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

/// Adds them to a linker.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut types = linker.instance(TYPES)?;
    add_descriptor(&mut types)?;
    add_directory(&mut types)?;
    add_listing(&mut types)
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
