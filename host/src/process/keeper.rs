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

/// The same fact in the line of a refusal, which names the file, and has space for one process.
pub(crate) struct KeptBriefly<'a>(pub(crate) &'a [Keeper]);

/// The program that lists the processes that keep a file locked.
#[cfg(not(processes = "macos"))]
pub(crate) const SHOWS_LOCKS: &str = "lslocks";
#[cfg(processes = "macos")]
pub(crate) const SHOWS_LOCKS: &str = "lsof";

impl fmt::Display for Kept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMED: usize = 3;
        let keepers = self.0;
        if keepers.is_empty() {
            return f.write_str("the kernel keeps the file locked");
        }
        for (nth, keeper) in keepers.iter().take(NAMED).enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            write!(f, "{comma}{keeper}")?;
        }
        match keepers.len() {
            1 => f.write_str(" keeps the file locked"),
            count if count > NAMED => {
                write!(f, " and {} more keep the file locked", count - NAMED)
            }
            _ => f.write_str(" keep the file locked"),
        }
    }
}

impl fmt::Display for KeptBriefly<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("the kernel keeps it locked"),
            [keeper] => write!(f, "kept by {keeper}"),
            [keeper, others @ ..] => write!(f, "kept by {keeper} and {} more", others.len()),
        }
    }
}
