//! What two signals were meant to do when the program was started: something changes each before a command could
//! inherit it.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use nix::sys::signal::{SigHandler, Signal, signal};

use super::kernel;
use crate::cli::signals::is_ignored;

static SIGPIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// Rust's runtime ignores SIGPIPE before `main`, whatever it was: services of systemd(1) are started with it ignored, and
/// commands of a shell are not. So it is looked at before that.
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
    SIGPIPE_WAS_IGNORED.store(is_ignored(Signal::SIGPIPE), Ordering::Relaxed);
}

/// What a command is to be started with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dispositions {
    pipe_ignored: bool,
    children_ignored: bool,
}

impl Dispositions {
    /// Lets this process wait for its children: one that ignores SIGCHLD is not told how they end.
    #[allow(unsafe_code)]
    pub(super) fn for_waiting() -> io::Result<Self> {
        // SAFETY: if there is a handler, it does nothing, which is safe at any moment.
        let before = unsafe { signal(Signal::SIGCHLD, kernel::TOLD_OF_CHILDREN) }?;
        Ok(Self {
            pipe_ignored: SIGPIPE_WAS_IGNORED.load(Ordering::Relaxed),
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
        Ok(())
    }
}
