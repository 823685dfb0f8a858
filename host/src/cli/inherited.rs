//! What this process inherits and changes at its start: the disposition of SIGPIPE, and closed standard streams. A command
//! inherits both as they were.

use std::{
    process,
    sync::atomic::{AtomicBool, Ordering},
};

use nix::{
    libc,
    sys::signal::{SigHandler, Signal, signal},
};

static IGNORES_PIPE: AtomicBool = AtomicBool::new(false);

/// Which of the first three descriptors were closed at the start.
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Ignores SIGPIPE, whose disposition depends on the starter: systemd(1) starts services with it ignored, and a shell does
/// not ignore it for commands. Opens `/dev/null` for each standard stream that is closed: a file that is opened later
/// must not become one of them. Call it first in the program, once.
#[allow(unsafe_code)]
pub(crate) fn prepare() {
    // SAFETY: no function becomes a handler.
    let before = unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) };
    IGNORES_PIPE.store(matches!(before, Ok(SigHandler::SigIgn)), Ordering::Relaxed);
    for (descriptor, closed) in (0..).zip(&CLOSED) {
        // SAFETY: fcntl(2) is asked for flags, and touches no memory.
        if unsafe { libc::fcntl(descriptor, libc::F_GETFD) } != -1 {
            continue;
        }
        closed.store(true, Ordering::Relaxed);
        // SAFETY: the path is a string that ends with a zero. The system returns the lowest number that is free, which is
        // this one.
        if unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) } == -1 {
            process::abort();
        }
    }
}

/// Returns whether SIGPIPE was ignored when the program was started.
pub(crate) fn ignores_pipe() -> bool {
    IGNORES_PIPE.load(Ordering::Relaxed)
}

/// Returns which standard streams were closed when the program was started.
pub(crate) fn closed() -> [bool; 3] {
    CLOSED.each_ref().map(|it| it.load(Ordering::Relaxed))
}
