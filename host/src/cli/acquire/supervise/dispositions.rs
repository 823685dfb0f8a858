//! The dispositions of two signals at the program's start, and which standard streams were closed. Without this module,
//! a command would not inherit either: Rust's runtime or this program changes each before.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use nix::{
    libc,
    sys::signal::{SigHandler, Signal, signal},
};

use super::kernel;
use crate::cli::signals::is_ignored;

static SIGPIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// Which of the first three descriptors were closed at the start.
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Rust's runtime ignores SIGPIPE before `main`, whatever its disposition: systemd(1) starts services with it ignored,
/// and a shell does not ignore it for commands. The runtime also opens `/dev/null` for each standard stream that is
/// closed. So both are recorded before.
#[used]
#[allow(unsafe_code)]
// SAFETY: the loader calls every function in this section once, before `main`, on the only thread. This function takes
// none of the arguments that the loader passes, which the calling convention allows. It needs nothing that a runtime
// sets up.
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[cfg_attr(
    target_vendor = "apple",
    unsafe(link_section = "__DATA,__mod_init_func")
)]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    SIGPIPE_WAS_IGNORED.store(is_ignored(Signal::SIGPIPE as i32), Ordering::Relaxed);
    for (descriptor, closed) in (0..).zip(&CLOSED) {
        closed.store(is_closed(descriptor), Ordering::Relaxed);
    }
}

#[allow(unsafe_code)]
fn is_closed(descriptor: i32) -> bool {
    // SAFETY: fcntl(2) is asked for flags, and touches no memory.
    unsafe { libc::fcntl(descriptor, libc::F_GETFD) == -1 }
}

/// Returns whether SIGPIPE was ignored when the program was started.
pub(super) fn pipe_was_ignored() -> bool {
    SIGPIPE_WAS_IGNORED.load(Ordering::Relaxed)
}

/// The dispositions and streams with which a command is to be started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dispositions {
    pipe_ignored: bool,
    children_ignored: bool,
    /// Which standard streams are closed.
    closed: [bool; 3],
}

impl Dispositions {
    /// Lets this process wait for its children: the kernel does not report to a process that ignores SIGCHLD how they
    /// end.
    #[allow(unsafe_code)]
    pub(super) fn for_waiting() -> io::Result<Self> {
        // SAFETY: a handler, if there is one, does nothing, which is safe at any time.
        let before = unsafe { signal(Signal::SIGCHLD, kernel::TOLD_OF_CHILDREN) }?;
        Ok(Self {
            pipe_ignored: pipe_was_ignored(),
            closed: [0, 1, 2].map(|nth: usize| CLOSED[nth].load(Ordering::Relaxed)),
            children_ignored: matches!(before, SigHandler::SigIgn),
        })
    }

    /// Restores them between fork(2) and execve(2), and so makes only system calls.
    #[allow(unsafe_code)]
    pub(super) fn restore(self) -> io::Result<()> {
        for (number, ignored) in [
            (Signal::SIGPIPE, self.pipe_ignored),
            (Signal::SIGCHLD, self.children_ignored),
        ] {
            if ignored {
                // SAFETY: no function becomes a handler.
                unsafe { signal(number, SigHandler::SigIgn) }?;
            }
        }
        for (descriptor, closed) in (0..).zip(self.closed) {
            if closed {
                // SAFETY: the caller is about to become another program, and uses none of these until then.
                unsafe { libc::close(descriptor) };
            }
        }
        Ok(())
    }
}
