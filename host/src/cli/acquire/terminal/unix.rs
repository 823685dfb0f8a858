//! The terminal that standard error may be.

use std::{
    env,
    io::{IsTerminal, stderr},
};

use rustix::termios::tcgetwinsize;

use crate::cli::job;

/// Whether a line can be drawn on it, and drawn anew.
pub(super) fn can_draw() -> bool {
    let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
    stderr().is_terminal() && !is_dumb
}

/// Whether this process has it now.
pub(super) fn is_in_foreground() -> bool {
    job::is_in_foreground(stderr())
}

/// How many characters a line has room for; 0 where it does not tell.
pub(super) fn width() -> usize {
    tcgetwinsize(stderr()).map_or(80, |size| usize::from(size.ws_col))
}
