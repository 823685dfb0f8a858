//! The code where it lies in the program's file, among the program's own code: nothing is copied, no memory is made
//! executable, and all processes that run the program share it.

use std::{fs::File, io::BufReader, ptr::NonNull, sync::Arc};

use rustix::param::page_size;
use wasmtime::{CustomCodeMemory, Engine, Result, component::Component};

use super::{Code, config, copy};

mod maps;
mod segments;

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

/// The component in an engine of this library's own: in place, or from a copy where the linker has put it elsewhere. Nobody may
/// call this again while something that was loaded by it is there, since wasmtime knows a piece of code by its address.
#[allow(unsafe_code)]
pub(in crate::component) fn load() -> Result<Component> {
    if !is_executable() {
        return copy();
    }
    let mut config = config();
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

/// Whether the code is mapped executable. Linkers that sort by name see to that; those that sort by what a section says of
/// itself (it holds data) do not. The kernel is asked first, and the loader only where it tells nothing, as without `/proc`: the
/// lock that the loader takes may be, in a child that was forked, a thread's that is not there.
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
