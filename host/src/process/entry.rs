//! What a look at a number of a process finds.

/// A process in the system's list, where that shows no more.
#[cfg(any(processes = "windows", processes = "unknown"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it was created, in units of 100 nanoseconds since the year 1601: a time of the clock on the wall, noted once.
    pub(crate) start: Option<u64>,
    /// It has ended, and somebody has a handle of it yet.
    pub(crate) ended: bool,
    /// How many threads it has; who has ended, has none.
    pub(crate) threads: u64,
}

/// Whether a number is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// No process has it, and on Linux no thread.
    #[cfg_attr(
        processes = "unknown",
        allow(dead_code, reason = "this platform can never say so")
    )]
    Absent,
    /// Something has it, or may: if only a process that has ended and was not reaped yet, or of which somebody has a handle
    /// yet; whether we may look at it makes no difference.
    Present,
}

/// A process, or a thread, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// It has ended, and waits to be reaped where that is done.
    pub(crate) ended: bool,
    /// The number is a thread's: only on Linux are those of the same kind.
    pub(crate) thread: bool,
}
