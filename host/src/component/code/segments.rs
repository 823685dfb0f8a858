//! The executable parts of a program and its libraries: dl_iterate_phdr(3), which needs no file, but the loader's lock.

use std::{
    ffi::{c_int, c_void},
    ops::Range,
    slice,
};

/// The searched code, and whether it was found.
struct Search {
    code: Range<usize>,
    is_found: bool,
}

/// Returns whether all of `code` was mapped executable when its program or library was loaded.
#[allow(unsafe_code)]
pub(super) fn is_executable(code: &Range<usize>) -> bool {
    let mut search = Search {
        code: code.clone(),
        is_found: false,
    };
    // SAFETY: the function has the required type, and its argument outlives the calls.
    unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut search).cast()) };
    search.is_found
}

/// Searches the segments of a program or a library. Returns 1, which ends the search, once it has found the code.
#[allow(unsafe_code)]
unsafe extern "C" fn look(object: *mut libc::dl_phdr_info, _: usize, search: *mut c_void) -> c_int {
    // SAFETY: dl_iterate_phdr(3) passes a description of an object that stays valid during the call, and its own
    // argument, which nothing else uses meanwhile.
    let (object, search) = unsafe { (&*object, &mut *search.cast::<Search>()) };
    if object.dlpi_phnum == 0 {
        return 0;
    }
    // SAFETY: there are as many headers as the description states.
    let segments = unsafe { slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()) };
    search.is_found = segments.iter().any(|segment| {
        // A segment's place is a number of as many bits as an address has.
        let start = (object.dlpi_addr as usize).wrapping_add(segment.p_vaddr as usize);
        let end = start.wrapping_add(segment.p_memsz as usize);
        let is_code = segment.p_type == libc::PT_LOAD && segment.p_flags & libc::PF_X != 0;
        is_code && start <= search.code.start && search.code.end <= end
    });
    search.is_found.into()
}
