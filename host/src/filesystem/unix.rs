//! wasmtime-wasi's does, where a file that is open can be removed.

use wasmtime::component::Linker;

use super::View;

/// Changes nothing.
pub(super) fn fit<T: 'static>(_linker: &mut Linker<T>, _view: View<T>) -> wasmtime::Result<()> {
    Ok(())
}

/// What is wrong with a name: nothing that the component does not see.
pub(super) fn flaw(_name: &str) -> Option<&'static str> {
    None
}

/// What [`Busy`](wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode::Busy) means.
pub(crate) const BUSY: &str = "device or resource busy";

/// Whether it passes by itself: what is busy is a mount point, say.
pub(crate) const BUSY_PASSES: bool = false;
