//! What two signals were meant to do when the program was started, and which standard streams were closed: something
//! changes each before a command could inherit it.

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

/// Which of the first three descriptors were closed.
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Rust's runtime ignores SIGPIPE before `main`, whatever it was: services of systemd(1) are started with it ignored, and
/// commands of a shell are not. And it opens `/dev/null` for each standard stream that is closed. So both are looked at
/// before that.
#[used]
#[allow(unsafe_code)]
// SAFETY: the loader calls every function in this section once, before `main`, on the only thread. This one takes none of
// the arguments that it is called with, which the calling convention allows, and needs nothing that a runtime sets up.
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

/// Whether SIGPIPE was ignored when the program was started.
pub(super) fn pipe_was_ignored() -> bool {
    SIGPIPE_WAS_IGNORED.load(Ordering::Relaxed)
}

/// What a command is to be started with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dispositions {
    pipe_ignored: bool,
    children_ignored: bool,
    /// Which standard streams are closed.
    closed: [bool; 3],
}

impl Dispositions {
    /// Lets this process wait for its children: one that ignores SIGCHLD is not told how they end.
    #[allow(unsafe_code)]
    pub(super) fn for_waiting() -> io::Result<Self> {
        // SAFETY: if there is a handler, it does nothing, which is safe at any moment.
        let before = unsafe { signal(Signal::SIGCHLD, kernel::TOLD_OF_CHILDREN) }?;
        Ok(Self {
            pipe_ignored: pipe_was_ignored(),
            closed: [0, 1, 2].map(|nth: usize| CLOSED[nth].load(Ordering::Relaxed)),
            children_ignored: matches!(before, SigHandler::SigIgn),
        })
    }

    /// Makes them what they were: between fork(2) and execve(2), so it makes nothing but system calls.
    #[allow(unsafe_code)]
    pub(super) fn restore(self) -> io::Result<()> {
        for (number, ignored) in [
            (Signal::SIGPIPE, self.pipe_ignored),
            (Signal::SIGCHLD, self.children_ignored),
        ] {
            if ignored {
                // SAFETY: no function is made a handler.
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
