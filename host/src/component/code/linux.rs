//! The code where it lies in the program's file, among the program's own code: nothing is copied, no memory is made
//! executable, and all processes that run the program share it.

use std::{
    ffi::{c_int, c_void},
    ops::Range,
    ptr::NonNull,
    slice,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::param::page_size;
use wasmtime::{Config, CustomCodeMemory, Engine, Result, component::Component};

use super::{Code, deserialize};

/// It begins with a page of its own, of whatever size pages are.
#[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
struct Pages(Code);

#[allow(unsafe_code)]
// SAFETY: the section is one of those that linkers put among the program's code, which is mapped readable and never
// writable. A static without interior mutability asks for no more than that.
#[unsafe(link_section = ".text.lockfile")]
static CODE: Pages = Pages(*super::CODE);

/// Its bytes.
pub(super) fn code() -> &'static Code {
    &CODE.0
}

/// Loads it: in place for the first that asks, since wasmtime knows a piece of code by its address; copied for another, and
/// where the linker has put it elsewhere.
#[allow(unsafe_code)]
pub(super) fn load(mut config: Config) -> Result<Component> {
    static IS_LOADED: AtomicBool = AtomicBool::new(false);

    if !is_executable() || IS_LOADED.swap(true, Ordering::Relaxed) {
        return deserialize(&Engine::new(&config)?);
    }
    config.with_custom_code_memory(Some(Arc::new(InPlace)));
    let engine = Engine::new(&config)?;
    // SAFETY: these are the bytes that `deserialize` is given, and so made by wasmtime's compiler; a static lives for ever,
    // and nobody can write to this one.
    unsafe { Component::deserialize_raw(&engine, NonNull::from(&code()[..])) }
}

/// Code that can be run as it is.
struct InPlace;

impl CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        page_size()
    }

    fn publish_executable(&self, _code: *const u8, _length: usize) -> Result<()> {
        Ok(())
    }

    fn unpublish_executable(&self, _code: *const u8, _length: usize) -> Result<()> {
        Ok(())
    }
}

/// What is looked for in the program and its libraries, and whether it was found.
struct Search {
    code: Range<usize>,
    is_found: bool,
}

/// Whether the code was mapped executable when the program was loaded. Linkers that sort by name see to that; those that
/// sort by what a section says of itself (it holds data) do not.
#[allow(unsafe_code)]
fn is_executable() -> bool {
    let code = code().as_ptr_range();
    let mut search = Search {
        code: code.start.addr()..code.end.addr(),
        is_found: false,
    };
    // SAFETY: the function is one for this, and what it is given with each call outlives them.
    unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut search).cast()) };
    search.is_found
}

/// Looks through the segments of a program or a library. Not 0, which ends the search, once it has found them.
#[allow(unsafe_code)]
unsafe extern "C" fn look(object: *mut libc::dl_phdr_info, _: usize, search: *mut c_void) -> c_int {
    // SAFETY: dl_iterate_phdr(3) hands in what is known of an object and stays so during the call, and what it was given
    // itself, which is used by nobody else meanwhile.
    let (object, search) = unsafe { (&*object, &mut *search.cast::<Search>()) };
    if object.dlpi_phnum == 0 {
        return 0;
    }
    // SAFETY: as many headers are there as is said.
    let segments = unsafe { slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()) };
    search.is_found = segments.iter().any(|segment| {
        // Where they lie is a number of as many bits as an address has.
        let start = (object.dlpi_addr as usize).wrapping_add(segment.p_vaddr as usize);
        let end = start.wrapping_add(segment.p_memsz as usize);
        let is_code = segment.p_type == libc::PT_LOAD && segment.p_flags & libc::PF_X != 0;
        is_code && start <= search.code.start && search.code.end <= end
    });
    search.is_found.into()
}
