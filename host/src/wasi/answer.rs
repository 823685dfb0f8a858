//! The results of wasmtime-wasi's functions.

use std::task::{Context, Poll, Waker};

use wasmtime_wasi::{
    filesystem::WasiFilesystemCtxView,
    p2::{FsResult, bindings::filesystem::types::ErrorCode},
};

/// The interface's name in wasmtime-wasi.
pub(crate) const TYPES: &str = "wasi:filesystem/types@0.2.12";

/// The result of one of its functions.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, ErrorCode>>;

/// Splits the result of wasmtime-wasi: a failure is reported to the component, or ends it.
pub(crate) fn answer<T>(answer: FsResult<T>) -> Answer<T> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

/// Returns the files of a store's data: those of its WASI.
pub(crate) type View<T> = fn(&mut T) -> WasiFilesystemCtxView<'_>;

/// Returns the result of a call of wasmtime-wasi. All descriptors block, so the first poll completes it. It needs no
/// runtime, thread or waker, whether the caller has one or not.
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
