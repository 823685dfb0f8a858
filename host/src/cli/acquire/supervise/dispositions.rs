//! The dispositions of two signals at the program's start, and which standard streams were closed. Without this module,
//! a command would not inherit either: this program changes each.

use std::io;

use nix::{
    libc,
    sys::signal::{SigHandler, Signal, signal},
};

use super::kernel;
use crate::cli::inherited;

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
            pipe_ignored: inherited::ignores_pipe(),
            children_ignored: matches!(before, SigHandler::SigIgn),
            closed: inherited::closed(),
        })
    }

    /// Restores them between fork(2) and execve(2), and so makes only system calls.
    #[allow(unsafe_code)]
    pub(super) fn restore(self) -> io::Result<()> {
        let pipe = match self.pipe_ignored {
            true => SigHandler::SigIgn,
            false => SigHandler::SigDfl,
        };
        // SAFETY: no function becomes a handler.
        unsafe { signal(Signal::SIGPIPE, pipe) }?;
        if self.children_ignored {
            // SAFETY: as above.
            unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
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
