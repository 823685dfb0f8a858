//! Processes that keep a file locked.

use std::fmt;

use crate::printable::Printable;

/// A process that keeps a lock file locked: the owner itself, or a process that inherited the owner's evidence.
/// [`Holder::keepers`](crate::Holder::keepers) has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeper {
    pid: u32,
    command: String,
}

impl Keeper {
    #[allow(dead_code, reason = "not every system tells who keeps a file locked")]
    pub(crate) fn new(pid: u32, command: String) -> Self {
        Self { pid, command }
    }

    /// Returns its number, as this process knows it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the name of the program that it runs, as the kernel keeps it: the first 15 bytes. Empty where it is not
    /// known. A process gives itself any name, so print it as a [`Printable`]. This value's own text, as in `pid 4711
    /// (app)`, is escaped.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} ({})", self.pid, Printable(&self.command))
    }
}

/// The fact that the kernel keeps a file locked, and for which processes: the first few.
pub(crate) struct Kept<'a>(pub(crate) &'a [Keeper]);

/// The program that lists the processes that keep a file locked.
#[cfg(not(processes = "macos"))]
const SHOWS_LOCKS: &str = "lslocks";
#[cfg(processes = "macos")]
const SHOWS_LOCKS: &str = "lsof";

impl fmt::Display for Kept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TOLD: usize = 3;
        f.write_str("the kernel keeps the file locked")?;
        if self.0.is_empty() {
            return write!(f, ": {SHOWS_LOCKS} shows for whom");
        }
        for (nth, keeper) in self.0.iter().take(TOLD).enumerate() {
            let link = if nth == 0 { " for" } else { "," };
            write!(f, "{link} {keeper}")?;
        }
        match self.0.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, ", and {more} more"),
        }
    }
}
