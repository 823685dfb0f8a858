//! The code where it lies in the program's file, among the program's own code. Nothing is copied, no memory is made
//! executable, and all processes that run the program share it.

use std::{fs::File, io::BufReader, ptr::NonNull, sync::Arc};

use rustix::param::page_size;
use wasmtime::{CustomCodeMemory, Engine, Result, component::Component};

use super::{Code, config, copy};

mod maps;
mod segments;

/// Aligned to a page, whatever the page size is.
#[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
struct Pages(Code);

#[allow(unsafe_code)]
// SAFETY: the section is one that linkers put among the program's code, which is mapped readable and never writable. A
// static without interior mutability needs no more than that.
#[unsafe(link_section = ".text.lockfile")]
static CODE: Pages = Pages(*super::CODE);

/// Returns the code's bytes.
pub(super) fn code() -> &'static Code {
    &CODE.0
}

/// Loads the component into this library's own engine: in place, or from a copy if the linker has put the code
/// elsewhere. It must not be called again while the result of an earlier call exists: wasmtime identifies code by its
/// address.
#[allow(unsafe_code)]
pub(in crate::component) fn load() -> Result<Component> {
    if !is_executable() {
        return copy();
    }
    let mut config = config();
    config.with_custom_code_memory(Some(Arc::new(InPlace)));
    let engine = Engine::new(&config)?;
    // SAFETY: these are the bytes that `deserialize` gets, and so made by wasmtime's compiler. A static lives for ever,
    // and this one is not writable.
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

/// Returns whether the code is mapped executable. Linkers that sort sections by name place it so; those that sort by a
/// section's flags (it holds data) do not. The kernel's list counts first. The loader is asked only without it, as
/// without `/proc`: in a forked child, a thread that does not exist there may hold the loader's lock.
fn is_executable() -> bool {
    let code = code().as_ptr_range();
    let code = code.start.addr()..code.end.addr();
    match File::open("/proc/self/maps") {
        Ok(maps) => maps::is_executable(BufReader::new(maps), &code),
        Err(_) => segments::is_executable(&code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_and_the_loader_say_the_same_of_code() {
        let (code, data) = (code().as_ptr_range(), vec![0_u8; 100]);
        let code = code.start.addr()..code.end.addr();
        let data = data.as_ptr_range();
        let data = data.start.addr()..data.end.addr();
        let maps = || BufReader::new(File::open("/proc/self/maps").unwrap());
        assert!(!maps::is_executable(maps(), &data));
        assert!(!segments::is_executable(&data));
        assert_eq!(
            maps::is_executable(maps(), &code),
            segments::is_executable(&code)
        );
    }
}
