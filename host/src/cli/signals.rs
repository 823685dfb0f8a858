//! The signals that end a lock, as something to wait for: each writes a byte into a socket.

use std::{
    io::{self, ErrorKind, Read},
    os::unix::net::UnixStream,
    time::Duration,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    low_level::pipe,
};

/// SIGINT, SIGTERM and SIGHUP, caught for the rest of the program.
pub(crate) struct Signals {
    caught: UnixStream,
}

impl Signals {
    /// Catch them from now on.
    pub(crate) fn catch() -> io::Result<Self> {
        let (caught, signal) = UnixStream::pair()?;
        for number in [SIGINT, SIGTERM, SIGHUP] {
            pipe::register(number, signal.try_clone()?)?;
        }
        Ok(Self { caught })
    }

    /// Waits until one has come, or the time is up. Whether one has come, now or before.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> io::Result<bool> {
        self.caught.set_read_timeout(limit)?;
        loop {
            match (&self.caught).read(&mut [0]) {
                Ok(_) => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
}
