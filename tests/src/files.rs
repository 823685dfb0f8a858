//! What the operating system says of files, asked without lockhost.

#[cfg_attr(unix, path = "files/unix.rs")]
#[cfg_attr(windows, path = "files/windows.rs")]
mod platform;

pub use platform::*;

/// What tells a file from all others on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Which file system it is on.
    pub device: u64,
    /// Which file it is there.
    pub number: u64,
}

/// A file as it is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which file it is.
    pub id: Id,
    /// How many names it has.
    pub links: u64,
    /// How many bytes.
    pub size: u64,
    /// When it was changed last, in the system's own units and from where it counts.
    pub changed: i128,
}
