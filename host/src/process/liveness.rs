//! Whether a process lives, and how that is known.

/// Whose life is in question. [`liveness()`](crate::process::liveness()) has an example.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The text of the [`Identity`](crate::process::Identity) under which the file was made. One that cannot be read is answered with
    /// [`UnknownReason::Unreadable`].
    Maker(String),
    /// A number in a file that says no more.
    Pid(u32),
    /// The file names nobody. It is still not dead while somebody keeps it locked.
    Nobody,
}

/// What is known about the life of a process. [`Holder`](crate::Holder) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Liveness {
    /// It may still act.
    Alive(AliveReason),
    /// It does nothing any more.
    Dead(DeadReason),
    /// Nobody can tell from here. The lock is refused as if it were alive.
    Unknown(UnknownReason),
}

/// Why a process counts as alive. [`Holder`](crate::Holder) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AliveReason {
    /// The kernel keeps the file locked for it, or for a child that inherited the file.
    Evidence,
    /// The very process is running.
    Running,
    /// The very process is running, but does not keep the file locked, as it would if the file were its lock: it may be
    /// a copy.
    Unguarded,
    /// A process has its number, and more cannot be told.
    Exists,
    /// It is the process that asks.
    ThisProcess,
    /// The number is the asking process' own, in a file that says no more.
    OwnPid,
}

/// Why a process is dead. [`liveness`](crate::process::liveness()) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadReason {
    /// No process has its number.
    NoProcess,
    /// It has ended and waits to be reaped.
    Zombie,
    /// The number is a thread's, and no process'.
    Thread,
    /// The number is another process' by now.
    Reused,
    /// The kernel's lock, which it would keep while it lives, is gone.
    EvidenceGone,
    /// The file names nobody.
    Nobody,
}

/// Why nobody can tell.
///
/// ```
/// use lockhost::{Liveness, UnknownReason, process::{Owner, liveness}};
///
/// let file = tempfile::tempfile()?;
/// let liveness = liveness(&Owner::Maker("from-the-future".into()), &file);
/// assert_eq!(liveness, Liveness::Unknown(UnknownReason::Unreadable));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownReason {
    /// It lived under another boot, or on another machine.
    OtherBoot,
    /// It lives in another PID namespace.
    OtherNamespace,
    /// Its identity cannot be read; or its file holds more than a pid, and a number in it is that of a process; or the file
    /// may not be read, and nothing else names its owner.
    Unreadable,
    /// Processes cannot be looked at here.
    NoAnswer,
}
