//! Calls that change a directory or a file. `fit_filesystem` replaces those that name a file once more.

use wasmtime::component::Resource;
use wasmtime_wasi::{
    filesystem::{Descriptor, WasiFilesystemCtxView},
    p2::bindings::filesystem::types::{HostDescriptor, PathFlags},
};

use super::Handle;
use crate::wasi::answer::{Answer, answer, at_once};

/// Links by wasmtime-wasi.
pub(super) fn link_at(
    view: &mut WasiFilesystemCtxView<'_>,
    (dir, path): (Handle, String),
    follow: PathFlags,
    (to, name): (Handle, String),
) -> Answer<()> {
    answer(at_once(view.link_at(dir, follow, path, to, name))?)
}

/// Removes a name by wasmtime-wasi.
pub(super) fn unlink_file_at(
    view: &mut WasiFilesystemCtxView<'_>,
    dir: Handle,
    path: String,
) -> Answer<()> {
    answer(at_once(view.unlink_file_at(dir, path))?)
}

/// Writes by wasmtime-wasi.
pub(super) fn write(
    view: &mut WasiFilesystemCtxView<'_>,
    file: Handle,
    bytes: Vec<u8>,
    offset: u64,
) -> Answer<u64> {
    answer(at_once(view.write(file, bytes, offset))?)
}

/// Returns the answer as it is: no more is known.
pub(super) fn seen_at<T>(
    _view: &WasiFilesystemCtxView<'_>,
    _dir: &Resource<Descriptor>,
    _path: &str,
    seen: Answer<T>,
) -> Answer<T> {
    seen
}

/// Returns the answer as it is: no more is known.
pub(super) fn read<T>(
    _view: &WasiFilesystemCtxView<'_>,
    _file: &Resource<Descriptor>,
    read: Answer<T>,
) -> Answer<T> {
    read
}
