//! Signals ignored at startup, umask(2), and descriptors beyond the standard ones.

use std::{fs, os::fd::BorrowedFd};

use nix::{
    fcntl::{FcntlArg, FdFlag, fcntl},
    sys::{
        signal::{SigHandler, Signal, signal},
        stat::{Mode, umask},
    },
};

/// Signals whose action is not for a test to choose: no process can, the Rust runtime does, or they report a fault of
/// the test itself.
const KEPT: [Signal; 9] = [
    Signal::SIGKILL,
    Signal::SIGSTOP,
    Signal::SIGPIPE,
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGILL,
    Signal::SIGFPE,
    Signal::SIGABRT,
    Signal::SIGTRAP,
];

pub(super) fn normalize() {
    for number in Signal::iterator().filter(|it| !KEPT.contains(it)) {
        // SAFETY: the default action is no function that could run in the middle of another one, and no code of a test
        // process has set a handler for these signals before.
        unsafe { signal(number, SigHandler::SigDfl) }.expect("a signal's action can be set");
    }
    umask(Mode::S_IWGRP | Mode::S_IWOTH);
    keep_descriptors();
}

/// Limits what started programs inherit to their standard streams, as Rust does for the files that it opens.
fn keep_descriptors() {
    let open = fs::read_dir("/dev/fd").expect("a process can list its descriptors");
    let numbers = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    for number in numbers.filter(|it| *it > 2) {
        // SAFETY: the descriptor is used for this one call. One that another thread closes meanwhile is an error, which is
        // ignored, and one that it opens in its place is not to be inherited either.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
    }
}
