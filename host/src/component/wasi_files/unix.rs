//! The functions by the system's own calls, one each: so the system's own error is known, and a name is used where it
//! lies in the component's memory.
//!
//! The component names only files of the directory itself, and follows no link. Any other path is refused.

#[cfg_attr(target_os = "linux", path = "number/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "number/elsewhere.rs")]
mod number;

use std::{borrow::Cow, fs::File};

use rustix::{
    fs::{AtFlags, Stat, fstat, linkat, statat, unlinkat},
    io::{Errno, pread, pwrite},
};
use wasmtime::{
    Result, StoreContextMut,
    component::{Linker, LinkerInstance, Resource, ResourceType, WasmList, WasmStr},
};
use wasmtime_wasi::{
    filesystem::{self, Descriptor, Dir, WasiFilesystemCtx, WasiFilesystemView},
    p2::bindings::filesystem::types::{
        DescriptorFlags, DescriptorStat, ErrorCode, Filesize, HostDescriptor, MetadataHashValue,
        NewTimestamp, OpenFlags, PathFlags,
    },
};

use super::{Handle, State};
use crate::{
    bindings::direct::lockfile::Operation,
    sys::open_file,
    wasi::{
        Opened,
        answer::{Answer, TYPES, answer, at_once},
        error_code::{explained, explained_of_open_file},
        is_plain, listing, open,
        opening::Opening,
        stat,
    },
};

type Store<'a> = StoreContextMut<'a, State>;

/// The largest part of a file that is read at once: a lock file is far shorter.
const READ: u64 = 4096;

/// Returns a store's part of WASI: nothing, since no function here uses it.
pub(in crate::component) fn context() -> WasiFilesystemCtx {
    WasiFilesystemCtx::default()
}

/// Adds the functions to a linker.
pub(in crate::component) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut types = linker.instance(TYPES)?;
    add_files(&mut types)?;
    add_looks(&mut types)?;
    add_names(&mut types)?;
    listing::fit(&mut types, |state| state.filesystem())
}

fn add_files(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.resource(
        "descriptor",
        ResourceType::host::<Descriptor>(),
        |mut store, rep| {
            store.data_mut().use_files();
            let table = &mut store.data_mut().table;
            drop(table.delete(Resource::<Descriptor>::new_own(rep))?);
            Ok(())
        },
    )?;
    types.func_wrap(
        "[method]descriptor.read",
        |mut store: Store<'_>, (file, length, offset): (Handle, Filesize, Filesize)| {
            store.data_mut().use_files();
            Ok((read(store.data_mut(), &file, length, offset)?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.write",
        |mut store: Store<'_>, (file, bytes, offset): (Handle, WasmList<u8>, Filesize)| {
            store.data_mut().use_files();
            let bytes = bytes.as_le_slice(&store);
            Ok((write(store.data(), &file, bytes, offset)?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.set-times",
        |mut store: Store<'_>, (file, accessed, modified): (Handle, NewTimestamp, NewTimestamp)| {
            let mut view = store.data_mut().filesystem();
            Ok((answer(at_once(view.set_times(file, accessed, modified))?)?,))
        },
    )
}

fn add_looks(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.func_wrap(
        "[method]descriptor.stat",
        |mut store: Store<'_>, (file,): (Handle,)| {
            store.data_mut().use_files();
            Ok((stat_of(store.data(), &file)?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.stat-at",
        |mut store: Store<'_>, (dir, follow, path): (Handle, PathFlags, WasmStr)| {
            store.data_mut().use_files();
            let seen = seen_at(&store, &dir, follow, &path)?;
            Ok((seen.map(|seen| stat::stat(&seen)),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.metadata-hash",
        |mut store: Store<'_>, (file,): (Handle,)| {
            // No use that changes anything.
            store.data_mut().begin();
            Ok((id_of(store.data(), &file)?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.metadata-hash-at",
        |mut store: Store<'_>, (dir, follow, path): (Handle, PathFlags, WasmStr)| {
            store.data_mut().use_files();
            let seen = seen_at(&store, &dir, follow, &path)?;
            Ok((seen.map(|seen| as_hash(stat::id(&seen))),))
        },
    )
}

fn add_names(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.func_wrap(
        "[method]descriptor.open-at",
        |mut store: Store<'_>,
         (dir, follow, path, how, flags): (
            Handle,
            PathFlags,
            WasmStr,
            OpenFlags,
            DescriptorFlags,
        )| {
            store.data_mut().use_files();
            let opening = Opening { follow, how, flags };
            let opened = open_at(&store, &dir, &path, opening)?;
            Ok((match opened {
                Ok(opened) => keep(store.data_mut(), &dir, opening, opened)?,
                Err(code) => Err(code),
            },))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.link-at",
        |mut store: Store<'_>,
         (dir, follow, path, to, name): (Handle, PathFlags, WasmStr, Handle, WasmStr)| {
            store.data_mut().use_files();
            let (path, name) = (path.to_str(&store)?, name.to_str(&store)?);
            let from = (&dir, &*path);
            Ok((link_at(store.data(), from, follow, (&to, &name))?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.unlink-file-at",
        |mut store: Store<'_>, (dir, path): (Handle, WasmStr)| {
            store.data_mut().use_files();
            let name = path.to_str(&store)?;
            Ok((unlink_file_at(store.data(), &dir, &name)?,))
        },
    )
}

/// Returns a directory, if the path is one of its names.
fn parent<'a>(state: &'a State, dir: &Handle, name: &str) -> Answer<&'a Dir> {
    Ok(match state.table.get(dir)? {
        Descriptor::Dir(dir) if is_plain(name) => Ok(dir),
        Descriptor::Dir(_) => Err(ErrorCode::NotPermitted),
        Descriptor::File(_) => Err(ErrorCode::NotDirectory),
    })
}

/// Returns a directory as [`parent`] does, if its names may be changed.
fn parent_to_change<'a>(state: &'a State, dir: &Handle, name: &str) -> Answer<&'a Dir> {
    Ok(parent(state, dir, name)?.and_then(|dir| {
        let is_open = !dir.perms.write_not_permitted();
        is_open.then_some(dir).ok_or(ErrorCode::NotPermitted)
    }))
}

fn read(
    state: &mut State,
    file: &Handle,
    length: Filesize,
    offset: Filesize,
) -> Answer<(Vec<u8>, bool)> {
    let Descriptor::File(open) = state.table.get(file)? else {
        return Ok(Err(ErrorCode::BadDescriptor));
    };
    state.process.known.note_read(&open.file);
    let mut bytes = vec![0; usize::try_from(length.min(READ))?];
    Ok(match pread(&*open.file, &mut bytes[..], offset) {
        Ok(count) => {
            bytes.truncate(count);
            Ok((bytes, count == 0))
        }
        Err(error) => Err(explained_of_open_file(Operation::Read, error)),
    })
}

fn write(state: &State, file: &Handle, bytes: &[u8], offset: Filesize) -> Answer<Filesize> {
    let Descriptor::File(open) = state.table.get(file)? else {
        return Ok(Err(ErrorCode::BadDescriptor));
    };
    if open.perms.write_not_permitted() {
        return Ok(Err(ErrorCode::NotPermitted));
    }
    let written = pwrite(&*open.file, bytes, offset).map(|count| count as u64);
    Ok(written.map_err(|error| explained(Operation::Write, error)))
}

fn seen(error: Errno) -> ErrorCode {
    explained(Operation::Stat, error)
}

fn stat_of(state: &State, file: &Handle) -> Answer<DescriptorStat> {
    let found = fstat(opened(state, file)?);
    let failed = |error| explained_of_open_file(Operation::Stat, error);
    Ok(found.map(|it| stat::stat(&it)).map_err(failed))
}

/// Returns the number of an open file. Once it was read, it is asked for anew: a cache may have had that of another file.
fn id_of(state: &State, file: &Handle) -> Answer<MetadataHashValue> {
    let known = &state.process.known;
    if let Descriptor::File(open) = state.table.get(file)?
        && known.is_latest(&open.file)
    {
        let id = match known.id(&open.file) {
            Some(id) => Ok(id),
            None => number::ask(&open.file),
        };
        let failed = |error| explained_of_open_file(Operation::Stat, error);
        return Ok(id.map(as_hash).map_err(failed));
    }
    let found = fstat(opened(state, file)?);
    Ok(found.map(|it| as_hash(stat::id(&it))).map_err(seen))
}

fn opened<'a>(state: &'a State, file: &Handle) -> Result<&'a File> {
    Ok(match state.table.get(file)? {
        Descriptor::File(file) => &file.file,
        Descriptor::Dir(dir) => &dir.dir,
    })
}

/// Returns the 128 bits that distinguish a file from all others: its device and its inode.
fn as_hash((device, inode): (u64, u64)) -> MetadataHashValue {
    MetadataHashValue {
        lower: inode,
        upper: device,
    }
}

fn seen_at(store: &Store<'_>, dir: &Handle, follow: PathFlags, path: &WasmStr) -> Answer<Stat> {
    let name = name_of(store, follow, path)?;
    Ok(parent(store.data(), dir, &name)?
        .and_then(|dir| statat(&dir.dir, &*name, AtFlags::SYMLINK_NOFOLLOW).map_err(seen)))
}

/// Returns a name, or an empty text, which is none, if links were to be followed.
fn name_of<'a>(store: &'a Store<'_>, follow: PathFlags, path: &WasmStr) -> Result<Cow<'a, str>> {
    match follow == PathFlags::empty() {
        true => path.to_str(store),
        false => Ok(Cow::Borrowed("")),
    }
}

fn open_at(store: &Store<'_>, dir: &Handle, path: &WasmStr, opening: Opening) -> Answer<Opened> {
    let name = name_of(store, opening.follow, path)?;
    let Some(wanted) = opening.wanted() else {
        return Ok(Err(ErrorCode::Unsupported));
    };
    let mode = opening.mode();
    let parent = match mode.contains(filesystem::OpenMode::WRITE) {
        true => parent_to_change(store.data(), dir, &name)?,
        false => parent(store.data(), dir, &name)?,
    };
    Ok(parent.and_then(|parent| open(&parent.dir, &name, mode, wanted)))
}

/// Puts what was opened into the table, and notes what is known of it.
fn keep(state: &mut State, dir: &Handle, opening: Opening, opened: Opened) -> Answer<Handle> {
    let Descriptor::Dir(parent) = state.table.get(dir)? else {
        return Ok(Err(ErrorCode::NotDirectory));
    };
    let (perms, mode) = (parent.perms, opening.mode());
    let known = &mut state.process.known;
    let descriptor = match opened {
        Opened::Directory(dir) => Descriptor::Dir(Dir::new(dir, perms, mode, true)),
        Opened::File(file, seen) => {
            let file = filesystem::File::new(file, perms, mode, true);
            known.note_opened(&file.file, stat::id(&seen));
            Descriptor::File(file)
        }
        Opened::New(file) => {
            let file = filesystem::File::new(file, perms, mode, true);
            known.note_made(&file.file, &parent.dir);
            Descriptor::File(file)
        }
    };
    Ok(Ok(state.table.push(descriptor)?))
}

/// Gives a file a further name. It also gives one to an open file, if `dir` is that file and its path is empty.
fn link_at(
    state: &State,
    (dir, path): (&Handle, &str),
    follow: PathFlags,
    (to, name): (&Handle, &str),
) -> Answer<()> {
    let into = match parent_to_change(state, to, name)? {
        Ok(into) => into,
        Err(code) => return Ok(Err(code)),
    };
    let linked = match state.table.get(dir)? {
        Descriptor::File(open) if path.is_empty() && !open.perms.write_not_permitted() => {
            open_file::link(&open.file, &into.dir, name)
        }
        Descriptor::Dir(from)
            if follow == PathFlags::empty() && is_plain(path) && from.perms == into.perms =>
        {
            linkat(&from.dir, path, &into.dir, name, AtFlags::empty())
        }
        _ => return Ok(Err(ErrorCode::NotPermitted)),
    };
    Ok(linked.map_err(|error| explained(Operation::Link, error)))
}

fn unlink_file_at(state: &State, dir: &Handle, name: &str) -> Answer<()> {
    Ok(parent_to_change(state, dir, name)?.and_then(|parent| {
        let removed = unlinkat(&parent.dir, name, AtFlags::empty());
        removed.map_err(|error| explained(Operation::Remove, error))
    }))
}
