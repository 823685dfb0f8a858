//! Calls that change a directory or a file, made here directly, so that the system's own error is known.

use rustix::{
    fs::{AtFlags, linkat, statat, unlinkat},
    io::{pread, pwrite},
};
use wasmtime::component::Resource;
use wasmtime_wasi::{
    filesystem::{Descriptor, WasiFilesystemCtxView},
    p2::bindings::filesystem::types::{ErrorCode, HostDescriptor, PathFlags},
};

use super::Handle;
use crate::{
    bindings::direct::lockfile::Operation,
    wasi::{
        answer::{Answer, answer, at_once},
        error_code::explained,
        is_plain,
    },
};

#[cfg_attr(target_os = "linux", path = "open_file/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "open_file/elsewhere.rs")]
mod open_file;

/// Links as wasmtime-wasi does, for names in the directories themselves. It also gives a name to an open file, if `dir`
/// is that file and `path` is empty.
pub(super) fn link_at(
    view: &mut WasiFilesystemCtxView<'_>,
    (dir, path): (Handle, String),
    follow: PathFlags,
    (to, name): (Handle, String),
) -> Answer<()> {
    if let (Descriptor::File(open), Descriptor::Dir(into), true) = (
        view.table.get(&dir)?,
        view.table.get(&to)?,
        path.is_empty() && is_plain(&name),
    ) {
        if open.perms.write_not_permitted() || into.perms.write_not_permitted() {
            return Ok(Err(ErrorCode::NotPermitted));
        }
        let linked = open_file::link(&open.file, &into.dir, &name);
        return Ok(linked.map_err(|error| explained(Operation::Link, error)));
    }
    let (Descriptor::Dir(from), Descriptor::Dir(into), true) = (
        view.table.get(&dir)?,
        view.table.get(&to)?,
        follow == PathFlags::empty() && is_plain(&path) && is_plain(&name),
    ) else {
        return answer(at_once(view.link_at(dir, follow, path, to, name))?);
    };
    if from.perms.write_not_permitted() || from.perms != into.perms {
        return Ok(Err(ErrorCode::NotPermitted));
    }
    let linked = linkat(&from.dir, path, &into.dir, name, AtFlags::empty());
    Ok(linked.map_err(|error| explained(Operation::Link, error)))
}

/// Removes a name as wasmtime-wasi does, in the directory itself.
pub(super) fn unlink_file_at(
    view: &mut WasiFilesystemCtxView<'_>,
    dir: Handle,
    path: String,
) -> Answer<()> {
    let (Descriptor::Dir(parent), true) = (view.table.get(&dir)?, is_plain(&path)) else {
        return answer(at_once(view.unlink_file_at(dir, path))?);
    };
    if parent.perms.write_not_permitted() {
        return Ok(Err(ErrorCode::NotPermitted));
    }
    let removed = unlinkat(&parent.dir, path, AtFlags::empty());
    Ok(removed.map_err(|error| explained(Operation::Remove, error)))
}

/// Writes to an open file as wasmtime-wasi does.
pub(super) fn write(
    view: &mut WasiFilesystemCtxView<'_>,
    file: Handle,
    bytes: Vec<u8>,
    offset: u64,
) -> Answer<u64> {
    let Descriptor::File(open) = view.table.get(&file)? else {
        return answer(at_once(view.write(file, bytes, offset))?);
    };
    if open.perms.write_not_permitted() {
        return Ok(Err(ErrorCode::NotPermitted));
    }
    let written = pwrite(&*open.file, &bytes, offset).map(|count| count as u64);
    Ok(written.map_err(|error| explained(Operation::Write, error)))
}

/// Returns wasmtime-wasi's answer about a name. If it is only `io`, this repeats the call to learn the reason.
pub(super) fn seen_at<T>(
    view: &WasiFilesystemCtxView<'_>,
    dir: &Resource<Descriptor>,
    path: &str,
    seen: Answer<T>,
) -> Answer<T> {
    if let Ok(Err(ErrorCode::Io)) = seen
        && is_plain(path)
        && let Descriptor::Dir(parent) = view.table.get(dir)?
        && let Err(error) = statat(&parent.dir, path, AtFlags::SYMLINK_NOFOLLOW)
    {
        explained(Operation::Stat, error);
    }
    seen
}

/// Returns wasmtime-wasi's answer about the content of a file, as [`seen_at`] does.
pub(super) fn read<T>(
    view: &WasiFilesystemCtxView<'_>,
    file: &Resource<Descriptor>,
    read: Answer<T>,
) -> Answer<T> {
    if let Ok(Err(ErrorCode::Io)) = read
        && let Descriptor::File(open) = view.table.get(file)?
        && let Err(error) = pread(&*open.file, &mut [0_u8; 1], 0)
    {
        explained(Operation::Read, error);
    }
    read
}
