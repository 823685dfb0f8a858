//! The operating system's reports about files, without lockhost.

#[cfg_attr(unix, path = "files/unix.rs")]
#[cfg_attr(windows, path = "files/windows.rs")]
mod platform;

pub use platform::*;

/// The number that distinguishes a file from all others on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// The file system.
    pub device: u64,
    /// The file on that file system.
    pub number: u64,
}

/// A file as it is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The file's id.
    pub id: Id,
    /// How many names it has.
    pub links: u64,
    /// How many bytes.
    pub size: u64,
    /// The time of its last change, in the system's own units and epoch.
    pub changed: i128,
}
