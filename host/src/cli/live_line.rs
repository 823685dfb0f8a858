//! The line on a terminal that is redrawn in place on standard error, and gives way to any other line.

use std::{
    io::{Write, stderr},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

/// Moves to the first column, and clears the line.
const ERASE: &str = "\r\x1b[K";

static IS_DRAWN: AtomicBool = AtomicBool::new(false);

/// Draws the line, in place of the one before. The text has no control characters, and fits into one line.
pub(crate) fn draw(text: &str) {
    let _ = stderr().write_all(format!("{ERASE}{text}").as_bytes());
    IS_DRAWN.store(true, Relaxed);
}

/// Erases the line, if one is drawn.
pub(crate) fn erase() {
    let _ = stderr().write_all(erasure().as_bytes());
}

/// Returns what to write before another line, so that it does not run into the one that is drawn.
pub(crate) fn erasure() -> &'static str {
    match IS_DRAWN.swap(false, Relaxed) {
        true => ERASE,
        false => "",
    }
}

/// Leaves the line as it is: the terminal belongs to other processes now, and may show something else there.
pub(crate) fn forget() {
    IS_DRAWN.store(false, Relaxed);
}
