//! The entry of the program on Unix, in place of the standard library's.
//!
//! Before `main`, the standard library reads `/proc/self/maps`, maps a stack for signals and installs two handlers, all to
//! print a message about a stack overflow. That is a fifth of the system calls of a whole run. Without it, the kernel ends
//! a program whose stack overflows by SIGSEGV. The rest of what that library does is done here: SIGPIPE is ignored, closed
//! standard streams are opened, and a panic ends the program with 101.

use std::{
    ffi::{CStr, OsStr, OsString, c_char, c_int},
    os::unix::ffi::OsStrExt,
    panic, process,
};

use crate::cli;

/// The exit code after a panic, as the standard library's.
const PANICKED: i32 = 101;

/// Runs the program.
#[cfg_attr(not(test), allow(unsafe_code), unsafe(no_mangle))]
#[cfg_attr(test, allow(dead_code, reason = "tests have an entry of their own"))]
// SAFETY: the C library calls `main` and no other function of this name; nothing else here has the name.
pub(crate) extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    cli::inherited::prepare();
    let words = words_of(count, words);
    let code = panic::catch_unwind(|| cli::run(words).number().into());
    // It also writes what standard output still buffers.
    process::exit(code.unwrap_or(PANICKED))
}

/// Returns the words of the command line. Their memory is not kept.
#[allow(unsafe_code)]
fn words_of(count: c_int, words: *const *const c_char) -> Vec<OsString> {
    let nth = |nth| {
        // SAFETY: the C library passes `main` an array of so many strings, which nothing has changed yet.
        let word = unsafe { CStr::from_ptr(*words.add(nth)) };
        OsStr::from_bytes(word.to_bytes()).to_owned()
    };
    (0..usize::try_from(count).unwrap_or(0)).map(nth).collect()
}
