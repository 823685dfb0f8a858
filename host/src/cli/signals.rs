//! The signals that end a lock, as something to wait for: each writes a byte into a socket.

use std::{
    fs,
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
    /// Kept, so that no end of file comes where no signal is caught.
    _signal: UnixStream,
}

impl Signals {
    /// Catch them from now on, but for those that are ignored already: nohup(1), and shells for what they run in the
    /// background, mean that.
    pub(crate) fn catch() -> io::Result<Self> {
        let (caught, signal) = UnixStream::pair()?;
        let ignored = ignored();
        for number in [SIGINT, SIGTERM, SIGHUP] {
            if ignored & (1 << (number - 1)) == 0 {
                pipe::register(number, signal.try_clone()?)?;
            }
        }
        Ok(Self {
            caught,
            _signal: signal,
        })
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

/// The signals that this process was started with an order to ignore, the first in the lowest bit: `SigIgn` of
/// proc(5). None where that cannot be told.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or(0)
}
