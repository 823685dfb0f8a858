//! Signals ignored at startup, and umask(2).

use nix::sys::{
    signal::{SigHandler, Signal, signal},
    stat::{Mode, umask},
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
}
