//! The code where it lies in the program's file: nothing is copied, and all processes that run the program share it.

use std::{
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::{Config, CustomCodeMemory, Engine, Result, component::Component};

use super::deserialize;

/// As large as pages are: in 64 KiB there is a whole number of them on every system.
const PAGE: usize = if cfg!(target_arch = "x86_64") {
    4_096
} else {
    65_536
};

/// Bytes that begin with a page of their own.
#[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
struct Pages<const SIZE: usize>([u8; SIZE]);

static CODE: Pages<{ super::SIZE }> = Pages(*super::CODE);

/// What an engine needs to run it where it is.
pub(super) fn allow(config: &mut Config) {
    config.with_custom_code_memory(Some(Arc::new(Executable)));
}

/// Loads it into an engine that was allowed to run it: in place for the first that asks, since wasmtime knows a piece of
/// code by its address; copied for another, be it of a thread that was as fast, or of a child made by fork(2) at that moment.
#[allow(unsafe_code)]
pub(super) fn load(engine: &Engine) -> Result<Component> {
    static IS_LOADED: AtomicBool = AtomicBool::new(false);

    if IS_LOADED.swap(true, Ordering::Relaxed) {
        return deserialize(engine);
    }
    // SAFETY: these are the bytes that `deserialize` is given, and so made by wasmtime's compiler; a static lives for ever,
    // and nobody writes to this one.
    unsafe { Component::deserialize_raw(engine, NonNull::from(&CODE.0[..])) }
}

/// Lets code be run.
struct Executable;

impl CustomCodeMemory for Executable {
    fn required_alignment(&self) -> usize {
        PAGE
    }

    #[allow(unsafe_code)]
    fn publish_executable(&self, code: *const u8, length: usize) -> Result<()> {
        let flags = MprotectFlags::READ | MprotectFlags::EXEC;
        // SAFETY: wasmtime says where it has code, whole pages of it, and that nobody writes there any more: its own copy, or
        // the static above. It stays as readable as it was.
        Ok(unsafe { mprotect(code.cast_mut().cast(), length, flags) }?)
    }

    /// It stays executable, which changes nothing: it can be written by nobody, or is just going to be unmapped.
    fn unpublish_executable(&self, _code: *const u8, _length: usize) -> Result<()> {
        Ok(())
    }
}
