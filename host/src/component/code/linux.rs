//! The code where it lies in the program's file, among the program's own code: nothing is copied, no memory is made
//! executable, and all processes that run the program share it.

use std::{
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::{
    mm::{MprotectFlags, mprotect},
    param::page_size,
};
use wasmtime::{Config, CustomCodeMemory, Engine, Result, component::Component};

use super::{Code, deserialize};

/// It begins with a page of its own, of whatever size pages are.
#[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
struct Pages(Code);

#[allow(unsafe_code)]
// SAFETY: the section is one of those that linkers put among the program's code, which is mapped readable and executable
// and never writable. A static without interior mutability asks for no more than to be readable.
#[unsafe(link_section = ".text.lockfile")]
static CODE: Pages = Pages(*super::CODE);

/// Its bytes.
pub(super) fn code() -> &'static Code {
    &CODE.0
}

/// What an engine needs to run it where it is.
pub(super) fn allow(config: &mut Config) {
    config.with_custom_code_memory(Some(Arc::new(Executable)));
}

/// Loads it into an engine that was allowed to run it: in place for the first that asks, since wasmtime knows a piece of
/// code by its address; copied for another.
#[allow(unsafe_code)]
pub(super) fn load(engine: &Engine) -> Result<Component> {
    static IS_LOADED: AtomicBool = AtomicBool::new(false);

    if IS_LOADED.swap(true, Ordering::Relaxed) {
        return deserialize(engine);
    }
    // SAFETY: these are the bytes that `deserialize` is given, and so made by wasmtime's compiler; a static lives for ever,
    // and nobody can write to this one.
    unsafe { Component::deserialize_raw(engine, NonNull::from(&code()[..])) }
}

/// Lets code be run.
struct Executable;

impl CustomCodeMemory for Executable {
    fn required_alignment(&self) -> usize {
        page_size()
    }

    #[allow(unsafe_code)]
    fn publish_executable(&self, code: *const u8, length: usize) -> Result<()> {
        if CODE.0.as_ptr_range().contains(&code) {
            return Ok(());
        }
        let flags = MprotectFlags::READ | MprotectFlags::EXEC;
        // SAFETY: wasmtime says where it has a copy of the code, in whole pages, and that nobody writes there any more.
        Ok(unsafe { mprotect(code.cast_mut().cast(), length, flags) }?)
    }

    /// It stays executable, which changes nothing: nobody can write to it, or it is just going to be unmapped.
    fn unpublish_executable(&self, _code: *const u8, _length: usize) -> Result<()> {
        Ok(())
    }
}
