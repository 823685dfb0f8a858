//! The console, if standard error is one.

use std::{
    io::{IsTerminal, stderr},
    mem::MaybeUninit,
    os::windows::io::AsRawHandle,
};

use windows_sys::Win32::System::Console::{
    CONSOLE_SCREEN_BUFFER_INFO, ENABLE_VIRTUAL_TERMINAL_PROCESSING, GetConsoleMode,
    GetConsoleScreenBufferInfo, SetConsoleMode,
};

/// Returns whether a line can be drawn on it, and redrawn: older consoles know no control sequences.
#[allow(unsafe_code)]
pub(super) fn can_draw() -> bool {
    let console = stderr();
    let mut mode = 0;
    // SAFETY: the handle is open, and there is room for the answer.
    console.is_terminal()
        && unsafe {
            GetConsoleMode(console.as_raw_handle(), &mut mode) != 0
                && SetConsoleMode(
                    console.as_raw_handle(),
                    mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING,
                ) != 0
        }
}

/// Returns `true`: a console has no background.
pub(super) fn is_in_foreground() -> bool {
    true
}

/// Returns how many characters a line has room for; 0 if the console does not report it.
#[allow(unsafe_code)]
pub(super) fn width() -> usize {
    let mut found = MaybeUninit::<CONSOLE_SCREEN_BUFFER_INFO>::uninit();
    // SAFETY: the handle is open, and there is room for the answer.
    let told =
        unsafe { GetConsoleScreenBufferInfo(stderr().as_raw_handle(), found.as_mut_ptr()) } != 0;
    if !told {
        return 0;
    }
    // SAFETY: the call succeeded, so the value is written.
    let window = unsafe { found.assume_init() }.srWindow;
    usize::try_from(i32::from(window.Right) - i32::from(window.Left) + 1).unwrap_or(0)
}
