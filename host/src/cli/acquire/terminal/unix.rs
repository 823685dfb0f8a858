//! The terminal, if standard error is one.

use std::{
    env,
    io::{IsTerminal, stderr},
};

use rustix::termios::tcgetwinsize;

use crate::cli::job;

/// Returns whether a line can be drawn on it, and redrawn.
pub(super) fn can_draw() -> bool {
    let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
    stderr().is_terminal() && !is_dumb
}

/// Returns whether this process is in its foreground now.
pub(super) fn is_in_foreground() -> bool {
    job::is_in_foreground(stderr())
}

/// Returns how many characters a line has room for; 0 if the terminal does not report it.
pub(super) fn width() -> usize {
    tcgetwinsize(stderr()).map_or(80, |size| usize::from(size.ws_col))
}
