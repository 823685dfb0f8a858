//! Process groups of Unix.

use std::{os::unix::process::CommandExt, process::Command};

/// Lets a command begin a process group of its own.
pub(super) fn leave(command: &mut Command) {
    command.process_group(0);
}
