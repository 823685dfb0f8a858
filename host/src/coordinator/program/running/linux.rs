//! A program that runs, by its pidfd: the process that owns the library may reap all of its children (as the program
//! `lockhost` does), and a pid that was reaped may be another process's.

use std::process::Child;

use rustix::{
    fd::OwnedFd,
    io::Errno,
    process::{
        Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
    },
};

/// A program that runs, or has ended. Dropped, it is ended and reaped.
pub(super) enum Running {
    By(OwnedFd),
    /// The kernel has no such descriptors, before Linux 5.3.
    ByNumber(Child),
    /// It has ended, and was reaped.
    Reaped,
}

impl Running {
    /// Takes a child that was just started.
    pub(super) fn new(child: Child) -> Self {
        match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
            Ok(descriptor) => Self::By(descriptor),
            Err(Errno::SRCH) => Self::Reaped,
            Err(_) => Self::ByNumber(child),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        match self {
            Self::By(descriptor) => {
                let _ = pidfd_send_signal(&*descriptor, Signal::KILL);
                let child = WaitId::PidFd(rustix::fd::AsFd::as_fd(descriptor));
                // An error means that it was reaped.
                while matches!(
                    waitid(child.clone(), WaitIdOptions::EXITED),
                    Err(Errno::INTR)
                ) {}
            }
            Self::ByNumber(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Self::Reaped => {}
        }
    }
}
