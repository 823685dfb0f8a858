//! The component's calls of `wasi:filesystem/types`, as functions that are done when they return.
//!
//! wasmtime-wasi's functions are `async`. Its own linker runs their callers on a separate stack, so that a call can be
//! interrupted and resumed. Here no call ever waits, since all descriptors block. So the component runs on the caller's
//! stack, and needs no other.

use wasmtime::{
    Result, StoreContextMut,
    component::{Linker, LinkerInstance, Resource, ResourceType},
};
use wasmtime_wasi::{
    filesystem::{Descriptor, WasiFilesystemView},
    p2::bindings::filesystem::types::{
        DescriptorFlags, DirectoryEntryStream, Filesize, HostDescriptor, HostDirectoryEntryStream,
        NewTimestamp, OpenFlags, PathFlags,
    },
};

use super::state::State;
use crate::wasi::answer::{TYPES, answer, at_once};

#[cfg_attr(windows, path = "wasi_files/windows.rs")]
#[cfg_attr(not(windows), path = "wasi_files/unix.rs")]
mod platform;

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

/// The same, for a function that examines a name.
macro_rules! define_look {
    ($types:ident, $name:literal, $function:ident) => {
        $types.func_wrap(
            $name,
            |mut store: StoreContextMut<'_, State>,
             (dir, follow, path): (Handle, PathFlags, String)| {
                let mut view = store.data_mut().filesystem();
                let number = Resource::new_own(dir.rep());
                let seen = answer(at_once(view.$function(number, follow, path.clone()))?);
                Ok((platform::seen_at(&view, &dir, &path, seen)?,))
            },
        )?;
    };
}

/// Adds the functions to a linker.
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
    types.func_wrap(
        "[method]descriptor.read",
        |mut store: StoreContextMut<'_, State>,
         (file, length, offset): (Handle, Filesize, Filesize)| {
            let mut view = store.data_mut().filesystem();
            let number = Resource::new_own(file.rep());
            let read = answer(at_once(view.read(number, length, offset))?);
            Ok((platform::read(&view, &file, read)?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.write",
        |mut store: StoreContextMut<'_, State>,
         (file, bytes, offset): (Handle, Vec<u8>, Filesize)| {
            let mut view = store.data_mut().filesystem();
            Ok((platform::write(&mut view, file, bytes, offset)?,))
        },
    )?;
    define!(types, "[method]descriptor.set-times", set_times(file: Handle, accessed: NewTimestamp, modified: NewTimestamp));
    define!(types, "[method]descriptor.stat", stat(file: Handle));
    define!(types, "[method]descriptor.metadata-hash", metadata_hash(file: Handle));
    Ok(())
}

fn add_directory(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    define_look!(types, "[method]descriptor.stat-at", stat_at);
    define_look!(
        types,
        "[method]descriptor.metadata-hash-at",
        metadata_hash_at
    );
    define!(types, "[method]descriptor.open-at", open_at(dir: Handle, follow: PathFlags, path: String, how: OpenFlags, flags: DescriptorFlags));
    types.func_wrap(
        "[method]descriptor.link-at",
        |mut store: StoreContextMut<'_, State>,
         (dir, follow, path, to, name): (Handle, PathFlags, String, Handle, String)| {
            let mut view = store.data_mut().filesystem();
            Ok((platform::link_at(
                &mut view,
                (dir, path),
                follow,
                (to, name),
            )?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.unlink-file-at",
        |mut store: StoreContextMut<'_, State>, (dir, path): (Handle, String)| {
            let mut view = store.data_mut().filesystem();
            Ok((platform::unlink_file_at(&mut view, dir, path)?,))
        },
    )
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
