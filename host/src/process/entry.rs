//! The result of examining a process number.

/// A process in the system's list, on systems that show no more.
#[cfg(any(processes = "windows", processes = "unknown"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it was created, in units of 100 nanoseconds since the year 1601: a time of the wall clock, recorded once.
    pub(crate) start: Option<u64>,
    /// It has ended, and a process still has a handle of it.
    pub(crate) ended: bool,
    /// How many threads it has; a process that has ended has none.
    pub(crate) threads: u64,
}

/// The use of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// No process has it, and on Linux no thread.
    #[cfg_attr(
        processes = "unknown",
        allow(dead_code, reason = "this platform can never say so")
    )]
    Absent,
    /// Something has it, or may have it: perhaps a process that has ended but was not reaped, or on which a handle is
    /// open. Whether this process may examine it makes no difference.
    Present,
}

/// A process, or a thread, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// It has ended, and waits to be reaped on systems that reap.
    pub(crate) ended: bool,
    /// The number is a thread's: only on Linux do threads have numbers of the same kind.
    pub(crate) thread: bool,
}
