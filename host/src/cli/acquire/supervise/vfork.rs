//! The start of a program as by posix_spawn(3): the new process uses the memory of this one, which sleeps, until it has
//! become the program. So no page table is copied, and no page because one of the two writes to it. posix_spawn(3) itself
//! cannot do all that a command needs, such as the signal at its parent's end.

use std::{
    ffi::{CStr, CString, OsString, c_char, c_int, c_void},
    io,
    mem::MaybeUninit,
    os::unix::ffi::OsStrExt,
    ptr,
    sync::atomic::{AtomicI32, Ordering},
};

use nix::libc;
use rustix::{
    io::Errno,
    process::{Pid, WaitOptions, waitpid},
};

/// The stack of the new process, beside one address for each word: the C library looks for the program there, and has a
/// shell run a file without a format. Its own posix_spawn(3) takes as much.
const STACK: usize = 32 << 10;

/// The new process was not seen: it has another memory. qemu-user makes it by fork(2).
const UNSEEN: i32 = -1;

/// The new process was seen, and reports no failure.
const BEGUN: i32 = 0;

/// The exit codes of a process that cannot become the program, for a parent that does not see its memory.
const NOT_FOUND: c_int = 127;
const NOT_EXECUTABLE: c_int = 126;

#[allow(unsafe_code)]
// SAFETY: every C library on Linux has it, of this type.
unsafe extern "C" {
    /// The environment, in the C library.
    static environ: *const *const c_char;
}

/// What the new process needs, in memory that is there already: it may not allocate any.
struct Start<'a> {
    prepare: &'a dyn Fn() -> io::Result<()>,
    words: &'a [*const c_char],
    environment: &'a [*const c_char],
    /// How far it is: one of the two above, or the number of its error.
    progress: AtomicI32,
}

/// Starts a program with this process's environment, these variables, and without others. Calls `prepare` in the new
/// process first; it makes only system calls, and returns no error that allocates.
///
/// # Errors
/// The error of `prepare`, or the reason why the program cannot be started.
pub(super) fn spawn(
    command: &[OsString],
    variables: &[(&str, OsString)],
    removed: &[&str],
    prepare: impl Fn() -> io::Result<()>,
) -> io::Result<Pid> {
    let words = command.iter().map(|word| text(word.as_bytes().to_vec()));
    let words = words.collect::<io::Result<Vec<_>>>()?;
    let variables = variables
        .iter()
        .map(|(name, value)| text([name.as_bytes(), b"=", value.as_bytes()].concat()));
    let variables = variables.collect::<io::Result<Vec<_>>>()?;
    let start = Start {
        prepare: &prepare,
        words: &array(words.iter().map(|it| it.as_ptr())),
        environment: &array(
            kept(&variables, removed).chain(variables.iter().map(|it| it.as_ptr())),
        ),
        progress: AtomicI32::new(UNSEEN),
    };
    let pid = clone(&start)?;
    match start.progress.load(Ordering::Relaxed) {
        UNSEEN | BEGUN => Ok(pid),
        error => {
            // It ends at once, and no other caller waits for it.
            while matches!(waitpid(Some(pid), WaitOptions::empty()), Err(Errno::INTR)) {}
            Err(io::Error::from_raw_os_error(error))
        }
    }
}

fn text(bytes: Vec<u8>) -> io::Result<CString> {
    CString::new(bytes).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// Returns addresses as the system takes them: with none at the end.
fn array(addresses: impl Iterator<Item = *const c_char>) -> Vec<*const c_char> {
    addresses.chain([ptr::null()]).collect()
}

/// Returns this process's own variables, as they are, except those of the same name and those that are removed.
fn kept<'a>(
    variables: &'a [CString],
    removed: &'a [&'a str],
) -> impl Iterator<Item = *const c_char> + 'a {
    let name = |it: &'a [u8]| it.split(|byte| *byte == b'=').next().unwrap_or(it);
    own().filter(move |it| {
        #[allow(unsafe_code)]
        // SAFETY: it is a string of the environment, which nothing in this program changes.
        let own = name(unsafe { CStr::from_ptr(*it) }.to_bytes());
        let is_replaced = variables.iter().any(|it| name(it.to_bytes()) == own);
        !is_replaced && removed.iter().all(|removed| removed.as_bytes() != own)
    })
}

/// Returns the strings of the environment.
#[allow(unsafe_code)]
fn own() -> impl Iterator<Item = *const c_char> {
    // SAFETY: nothing in this program changes the environment, so no thread writes to it now.
    let mut next = unsafe { environ };
    std::iter::from_fn(move || {
        if next.is_null() {
            return None;
        }
        // SAFETY: the array ends with a null pointer, behind which this never goes.
        let variable = unsafe { *next };
        if variable.is_null() {
            return None;
        }
        // SAFETY: as above.
        next = unsafe { next.add(1) };
        Some(variable)
    })
}

/// Makes the new process, and returns once it is the program or has ended.
#[allow(unsafe_code)]
fn clone(start: &Start<'_>) -> io::Result<Pid> {
    // Aligned as any processor wants it.
    let size = (STACK + size_of_val(start.words)) / size_of::<u128>();
    let mut stack = Vec::<MaybeUninit<u128>>::with_capacity(size);
    let top = stack.spare_capacity_mut().as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the function gets the address of a `Start`, and a stack that grows down from its end. Both stay until this
    // returns: the kernel wakes this thread only when the new process uses the memory no more. All signals that could
    // have a handler are blocked, so no other code runs in the new process. Other threads of this program only wait.
    let number = unsafe {
        libc::clone(
            begin,
            top.cast(),
            flags,
            ptr::from_ref(start).cast_mut().cast(),
        )
    };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    Pid::from_raw(number).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Runs in the new process, and only makes system calls. Returns its exit code, if it cannot become the program.
#[allow(unsafe_code)]
extern "C" fn begin(start: *mut c_void) -> c_int {
    // SAFETY: it is the address that `clone` has passed on. No one changes the value but this process, by an atomic.
    let start = unsafe { &*start.cast::<Start<'_>>() };
    start.progress.store(BEGUN, Ordering::Relaxed);
    let failed = |error: io::Error| {
        let number = error.raw_os_error().unwrap_or(libc::EINVAL);
        start.progress.store(number, Ordering::Relaxed);
        match number {
            libc::ENOENT => NOT_FOUND,
            _ => NOT_EXECUTABLE,
        }
    };
    if let Err(error) = (start.prepare)() {
        return failed(error);
    }
    let (words, environment) = (start.words.as_ptr(), start.environment.as_ptr());
    // SAFETY: both are arrays of strings, with a null pointer at the end; the first has a word unless it is all.
    unsafe { libc::execvpe(*words, words, environment) };
    failed(io::Error::last_os_error())
}
