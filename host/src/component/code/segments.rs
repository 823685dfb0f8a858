//! What of a program and its libraries is code: dl_iterate_phdr(3), which needs no file, but a lock of the loader's.

use std::{
    ffi::{c_int, c_void},
    ops::Range,
    slice,
};

/// What is looked for in the program and its libraries, and whether it was found.
struct Search {
    code: Range<usize>,
    is_found: bool,
}

/// Whether all of `code` was mapped executable when the program, or the library that it is in, was loaded.
#[allow(unsafe_code)]
pub(super) fn is_executable(code: &Range<usize>) -> bool {
    let mut search = Search {
        code: code.clone(),
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
