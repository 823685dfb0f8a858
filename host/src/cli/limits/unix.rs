//! The limits of setrlimit(2) on this process's memory and stack. A user sets such limits for the command. This program
//! works under them, or reports that it cannot before it touches anything.

use std::{io, thread};

use nix::sys::signal::{SigSet, SigmaskHow};
use rustix::process::{Resource, getrlimit};

use crate::cli::exit_code::ExitCode;

/// The memory that an attempt needs at most, including its instance, its code and its stack for signals.
const MEMORY: usize = 8 << 20;

/// The stack that is enough in any build.
const STACK: usize = 1 << 20;

/// Runs the program, on a stack of its own if that of the first thread may not grow enough.
///
/// # Errors
/// If there is too little memory.
pub(crate) fn run(program: impl FnOnce() -> ExitCode + Send + 'static) -> io::Result<ExitCode> {
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

/// Runs the program on a thread. The first thread does nothing meanwhile, and gets no signal: those that the program
/// waits for are the thread's.
fn on_a_thread(program: impl FnOnce() -> ExitCode + Send + 'static) -> io::Result<ExitCode> {
    let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let run = move || {
        let restored = mask.thread_set_mask();
        restored.map(|()| program()).map_err(io::Error::from)
    };
    let thread = thread::Builder::new().stack_size(2 * STACK).spawn(run)?;
    // A panic was reported where it occurred.
    thread.join().unwrap_or(Ok(ExitCode::FAILURE))
}
