//! The end of the program by a signal while a file system does not answer: not on this system, where the signal is read once
//! the file system answers.

use std::path::PathBuf;

use super::Phase;
use crate::cli::signals::Signals;

/// Returns whether such an end is needed: never.
pub(super) fn may_hang(_: &[PathBuf]) -> bool {
    false
}

/// Nothing.
pub(super) struct Interrupter;

impl Interrupter {
    /// Does nothing.
    pub(super) fn start(_: &Signals, _: bool, _: Phase) -> Self {
        Self
    }

    /// Does nothing.
    pub(super) fn end(self) {}
}
