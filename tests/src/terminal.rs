//! A terminal to run programs at, and the keys to press.

use std::{
    fs::File,
    io::{Read, Write},
    os::{fd::OwnedFd, unix::fs::OpenOptionsExt},
    process::{Command, Stdio},
};

use nix::{
    fcntl::OFlag,
    pty::{grantpt, posix_openpt, ptsname_r, unlockpt},
};
use rustix::termios::{Winsize, tcsetwinsize};

/// A pseudo terminal. Dropping it hangs up on the processes that have it as the terminal of their session.
pub struct Terminal {
    keys: File,
    screen: File,
}

impl Terminal {
    /// Returns a terminal of 80 columns.
    ///
    /// # Panics
    /// If there are no more.
    #[must_use]
    pub fn new() -> Self {
        // Both are closed on execve(2), so that it is gone with the value.
        let keys = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC);
        let keys = keys.expect("a pseudo terminal");
        grantpt(&keys).expect("it is ours");
        unlockpt(&keys).expect("it is ours");
        let screen = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY)
            .open(ptsname_r(&keys).expect("it has a name"))
            .expect("it has another end");
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&screen, size).expect("it has a size");
        Self {
            keys: OwnedFd::from(keys).into(),
            screen,
        }
    }

    /// Starts a program in a session of its own that has this terminal, which is its standard input and shows colours.
    #[must_use]
    pub fn session(&self) -> Command {
        let mut command = Command::new("setsid");
        command.arg("--ctty").stdin(self.end());
        command.env("TERM", "xterm");
        command
    }

    /// Returns the program's end, as one of its standard streams.
    ///
    /// # Panics
    /// If there are no more descriptors.
    #[must_use]
    pub fn end(&self) -> Stdio {
        self.screen.try_clone().expect("a descriptor").into()
    }

    /// Presses keys.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn press(&mut self, keys: &str) {
        self.keys
            .write_all(keys.as_bytes())
            .expect("the terminal is there");
    }

    /// Reads the output until it contains this text, and returns all of it.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn shown_until(&mut self, text: &str) -> String {
        let mut shown = Vec::new();
        let mut buffer = [0; 1024];
        loop {
            let so_far = String::from_utf8_lossy(&shown);
            if so_far.contains(text) {
                return so_far.into_owned();
            }
            let read = self.keys.read(&mut buffer).expect("the terminal is there");
            shown.extend(&buffer[..read]);
        }
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}
