//! What setrlimit(2) leaves to this process of memory and stack. Whoever sets such limits means the command, and this
//! program works under them, or reports before anything is touched that it cannot.

use std::{io, process::ExitCode, thread};

use nix::sys::signal::{SigSet, SigmaskHow};
use rustix::process::{Resource, getrlimit};

/// The memory that an attempt needs at most, its instance, its code and its stack for signals among it.
const MEMORY: usize = 8 << 20;

/// The stack that is enough in any build.
const STACK: usize = 1 << 20;

/// Runs the program, on a stack of its own if that of the first thread may not grow enough.
///
/// # Errors
/// If there is too little memory.
pub(crate) fn run(program: fn() -> ExitCode) -> io::Result<ExitCode> {
    let limited = [Resource::As, Resource::Data].map(|it| getrlimit(it).current.is_some());
    if limited.contains(&true) && Vec::<u8>::new().try_reserve_exact(MEMORY).is_err() {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let stack = getrlimit(Resource::Stack).current;
    if stack.is_none_or(|limit| limit >= STACK as u64) {
        return Ok(program());
    }
    on_a_thread(program)
}

/// The first thread does nothing meanwhile, and gets no signal: those that the program waits for are the thread's.
fn on_a_thread(program: fn() -> ExitCode) -> io::Result<ExitCode> {
    let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let run = move || {
        let restored = mask.thread_set_mask();
        restored.map(|()| program()).map_err(io::Error::from)
    };
    let thread = thread::Builder::new().stack_size(2 * STACK).spawn(run)?;
    // A panic was reported where it arose.
    thread.join().unwrap_or(Ok(ExitCode::FAILURE))
}
