//! Calls that name one file of a directory, by the directory's handle.

use wasmtime::{
    Result, StoreContextMut,
    component::{Linker, LinkerInstance, Resource},
};
use wasmtime_wasi::{
    filesystem::{self, Descriptor, FsPerms, OpenMode, WasiFilesystemCtxView},
    p2::{
        FsResult,
        bindings::filesystem::types::{
            DescriptorStat, ErrorCode, HostDescriptor, MetadataHashValue, PathFlags,
        },
    },
};
use windows_sys::{
    Wdk::Storage::FileSystem::FILE_NON_DIRECTORY_FILE,
    Win32::Storage::FileSystem::{FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_READ_ATTRIBUTES},
};

use super::{
    answer::{Answer, TYPES, View, answer, at_once},
    listing,
    opening::{self, Directory, Opening, Wanted, blocking, open_by_wasmtime},
};
use crate::{handles, outcome::Operation, process::platform::long_id};

/// Defines the calls anew.
pub(super) fn fit<T: 'static>(linker: &mut Linker<T>, view: View<T>) -> Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    let fitted = opening::fit(&mut types, view, open_at)
        .and_then(|()| fit_names(&mut types, view))
        .and_then(|()| fit_looks(&mut types, view))
        .and_then(|()| listing::fit(&mut types, view));
    linker.allow_shadowing(false);
    fitted
}

fn fit_names<T: 'static>(types: &mut LinkerInstance<'_, T>, view: View<T>) -> Result<()> {
    types.func_wrap(
        "[method]descriptor.link-at",
        move |mut store: StoreContextMut<'_, T>,
              (dir, follow, path, to, name): (Directory, PathFlags, String, Directory, String)| {
            let view = view(store.data_mut());
            Ok((link_at(view, (&dir, path), follow, (&to, name))?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.unlink-file-at",
        move |mut store: StoreContextMut<'_, T>, (dir, path): (Directory, String)| {
            Ok((unlink_file_at(view(store.data_mut()), &dir, path)?,))
        },
    )
}

fn fit_looks<T: 'static>(types: &mut LinkerInstance<'_, T>, view: View<T>) -> Result<()> {
    types.func_wrap(
        "[method]descriptor.stat-at",
        move |mut store: StoreContextMut<'_, T>,
              (dir, follow, path): (Directory, PathFlags, String)| {
            Ok((stat_at(view(store.data_mut()), &dir, follow, path)?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.metadata-hash",
        move |mut store: StoreContextMut<'_, T>, (opened,): (Resource<Descriptor>,)| {
            Ok((metadata_hash(view(store.data_mut()), &opened)?,))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.metadata-hash-at",
        move |mut store: StoreContextMut<'_, T>,
              (dir, follow, path): (Directory, PathFlags, String)| {
            Ok((metadata_hash_at(
                view(store.data_mut()),
                &dir,
                follow,
                path,
            )?,))
        },
    )
}

fn open_at(
    view: WasiFilesystemCtxView<'_>,
    dir: &Directory,
    path: String,
    opening: Opening,
) -> Answer<Directory> {
    let (Descriptor::Dir(parent), Some(wanted), true) =
        (view.table.get(dir)?, opening.wanted(), is_plain(&path))
    else {
        return open_by_wasmtime(view, dir, path, opening);
    };
    let mode = opening.mode();
    if mode.contains(OpenMode::WRITE) && parent.perms.write_not_permitted() {
        return Ok(Err(ErrorCode::NotPermitted));
    }
    let access = |flag, rights| if mode.contains(flag) { rights } else { 0 };
    let access =
        access(OpenMode::READ, FILE_GENERIC_READ) | access(OpenMode::WRITE, FILE_GENERIC_WRITE);
    let perms = parent.perms;
    let (opened, operation) = match wanted {
        Wanted::Existing => {
            let options = FILE_NON_DIRECTORY_FILE;
            let opened = handles::open(&parent.dir, &path, access, options);
            (opened, Operation::Open)
        }
        Wanted::New => {
            let made = handles::create(&parent.dir, &path, access);
            (made, Operation::Create)
        }
    };
    let file = match opened {
        Ok(file) => file,
        Err(status) if status.is_of_a_directory() => {
            return open_by_wasmtime(view, dir, path, opening);
        }
        Err(status) => return Ok(Err(status.code(operation).into())),
    };
    if handles::is_link(&file) {
        return Ok(Err(ErrorCode::Loop));
    }
    let file = filesystem::File::new(file, perms, mode, true);
    Ok(Ok(view.table.push(Descriptor::File(file))?))
}

fn link_at(
    mut view: WasiFilesystemCtxView<'_>,
    (dir, path): (&Directory, String),
    follow: PathFlags,
    (to, name): (&Directory, String),
) -> Answer<()> {
    let (Descriptor::Dir(parent), Descriptor::Dir(new_parent), true) = (
        view.table.get(dir)?,
        view.table.get(to)?,
        follow == PathFlags::empty() && is_plain(&path) && is_plain(&name),
    ) else {
        let (dir, to) = (blocking(&mut view, dir)?, blocking(&mut view, to)?);
        let (from, into) = (Resource::new_own(dir.rep()), Resource::new_own(to.rep()));
        let linked = view.link_at(from, follow, path, into, name);
        let linked = at_once(linked)?;
        view.table.delete(dir)?;
        view.table.delete(to)?;
        return answer(linked);
    };
    if parent.perms.write_not_permitted() || new_parent.perms.write_not_permitted() {
        return Ok(Err(ErrorCode::NotPermitted));
    }
    let linked = handles::link(&parent.dir, &path, &new_parent.dir, &name);
    Ok(linked.map_err(|status| status.code(Operation::Link).into()))
}

fn unlink_file_at(view: WasiFilesystemCtxView<'_>, dir: &Directory, path: String) -> Answer<()> {
    let (Descriptor::Dir(parent), true) = (view.table.get(dir)?, is_plain(&path)) else {
        return unlink_by_wasmtime(view, dir, path);
    };
    if parent.perms.write_not_permitted() {
        return Ok(Err(ErrorCode::NotPermitted));
    }
    let removed = handles::remove(&parent.dir, &path);
    Ok(removed.map_err(|status| status.code(Operation::Remove).into()))
}

fn unlink_by_wasmtime(
    mut view: WasiFilesystemCtxView<'_>,
    dir: &Directory,
    path: String,
) -> Answer<()> {
    let dir = blocking(&mut view, dir)?;
    let removed = view.unlink_file_at(Resource::new_own(dir.rep()), path);
    let removed = at_once(removed)?;
    view.table.delete(dir)?;
    answer(removed)
}

fn stat_at(
    mut view: WasiFilesystemCtxView<'_>,
    dir: &Directory,
    follow: PathFlags,
    path: String,
) -> Answer<DescriptorStat> {
    let looked = look(&mut view, dir, follow, &path)?;
    let stat = match &looked {
        Looked::At(file) => at_once(view.stat(Resource::new_own(file.rep())))?,
        Looked::Not(code) => return Ok(Err(*code)),
        Looked::Elsewhere(dir) => {
            let stat = view.stat_at(Resource::new_own(dir.rep()), follow, path);
            at_once(stat)?
        }
    };
    looked.close(&mut view)?;
    answer(stat)
}

fn metadata_hash_at(
    mut view: WasiFilesystemCtxView<'_>,
    dir: &Directory,
    follow: PathFlags,
    path: String,
) -> Answer<MetadataHashValue> {
    let looked = look(&mut view, dir, follow, &path)?;
    let hash = match &looked {
        Looked::At(file) => hash_of(&mut view, file)?,
        Looked::Not(code) => return Ok(Err(*code)),
        Looked::Elsewhere(dir) => {
            let hash = view.metadata_hash_at(Resource::new_own(dir.rep()), follow, path);
            at_once(hash)?
        }
    };
    looked.close(&mut view)?;
    answer(hash)
}

fn metadata_hash(
    mut view: WasiFilesystemCtxView<'_>,
    opened: &Resource<Descriptor>,
) -> Answer<MetadataHashValue> {
    let opened = blocking(&mut view, opened)?;
    let hash = hash_of(&mut view, &opened)?;
    view.table.delete(opened)?;
    answer(hash)
}

/// Returns wasmtime-wasi's hash where 64 bits distinguish the files of a volume, as on NTFS. Otherwise it has all 128
/// bits (ReFS), or only the time (FAT).
fn hash_of(
    view: &mut WasiFilesystemCtxView<'_>,
    opened: &Resource<Descriptor>,
) -> Result<FsResult<MetadataHashValue>> {
    let id = match view.table.get(opened)? {
        Descriptor::File(file) => long_id(&file.file),
        Descriptor::Dir(dir) => long_id(&dir.dir),
    };
    match id {
        Some((upper, lower)) => Ok(Ok(MetadataHashValue { lower, upper })),
        None => at_once(view.metadata_hash(Resource::new_own(opened.rep()))),
    }
}

/// The result of examining a name.
enum Looked {
    /// Its file or directory, opened only for that.
    At(Resource<Descriptor>),
    /// Nothing, for this reason.
    Not(ErrorCode),
    /// It is not a plain name: the directory to examine it in.
    Elsewhere(Directory),
}

impl Looked {
    fn close(self, view: &mut WasiFilesystemCtxView<'_>) -> Result<()> {
        match self {
            Self::At(opened) | Self::Elsewhere(opened) => drop(view.table.delete(opened)?),
            Self::Not(_) => {}
        }
        Ok(())
    }
}

fn look(
    view: &mut WasiFilesystemCtxView<'_>,
    dir: &Directory,
    follow: PathFlags,
    path: &str,
) -> Result<Looked> {
    let (Descriptor::Dir(parent), true) = (
        view.table.get(dir)?,
        follow == PathFlags::empty() && is_plain(path),
    ) else {
        return Ok(Looked::Elsewhere(blocking(view, dir)?));
    };
    let access = FILE_READ_ATTRIBUTES;
    Ok(match handles::open(&parent.dir, path, access, 0) {
        Ok(file) => {
            let file = filesystem::File::new(file, FsPerms::ReadOnly, OpenMode::READ, true);
            Looked::At(view.table.push(Descriptor::File(file))?)
        }
        Err(status) => Looked::Not(status.code(Operation::Stat).into()),
    })
}

/// Returns whether it is the name of a file in the directory itself: not of another, a stream of a file, or a
/// directory.
fn is_plain(path: &str) -> bool {
    !matches!(path, "" | "." | "..") && !path.contains(['\\', '/', ':'])
}

#[cfg(test)]
#[path = "windows/tests.rs"]
mod tests;
