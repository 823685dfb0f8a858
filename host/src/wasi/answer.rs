//! What wasmtime-wasi's functions answer.

use std::task::{Context, Poll, Waker};

use wasmtime_wasi::{
    filesystem::WasiFilesystemCtxView,
    p2::{FsResult, bindings::filesystem::types::ErrorCode},
};

/// The interface, as wasmtime-wasi calls it.
pub(crate) const TYPES: &str = "wasi:filesystem/types@0.2.12";

/// What one of its functions answers.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, ErrorCode>>;

/// What wasmtime-wasi answers, told apart: a failure that the component hears of, or one that ends it.
pub(crate) fn answer<T>(answer: FsResult<T>) -> Answer<T> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

/// Where a store's data keeps its files: that of its WASI.
pub(crate) type View<T> = fn(&mut T) -> WasiFilesystemCtxView<'_>;

/// What a call of wasmtime-wasi answers. All descriptors block, so it is done at the first look; no runtime, no thread and
/// no waker is involved, whether the caller has one or not.
///
/// # Errors
/// If it waits after all.
pub(crate) fn at_once<T>(call: impl Future<Output = T>) -> wasmtime::Result<T> {
    let mut call = std::pin::pin!(call);
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Ok(answer),
        Poll::Pending => Err(wasmtime::Error::msg(
            "a file operation waits, which none ever does",
        )),
    }
}
