//! The life of a process, and how it is known.

/// The owner in question. [`liveness()`](crate::process::liveness()) has an example.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The text of the [`Identity`](crate::process::Identity) under which the file was made. For a text that cannot be
    /// read, the answer is [`UnknownReason::Unreadable`].
    Maker(String),
    /// A number in a file that holds only a pid.
    Pid(u32),
    /// The file is empty or malformed. It is still not dead while a process keeps it locked.
    Nobody,
}

/// The state of a process: alive, dead or unknown. [`Holder`](crate::Holder) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Liveness {
    /// It may still act.
    Alive(AliveReason),
    /// It does nothing any more.
    Dead(DeadReason),
    /// It cannot be known from here. The lock is refused as if the owner were alive.
    Unknown(UnknownReason),
}

/// The reason why a process counts as alive. [`Holder`](crate::Holder) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AliveReason {
    /// The kernel keeps the file locked for it, or for a child that inherited the file.
    Evidence,
    /// The very process is running.
    Running,
    /// The very process is running, but does not keep the file locked, as it would if the file were its lock. The file
    /// may be a copy.
    Unguarded,
    /// A process has its number, and nothing more can be known.
    Exists,
    /// It is this process.
    ThisProcess,
    /// The number is this process' own, in a file that holds only a pid.
    OwnPid,
    /// Its session is there, at the coordinator.
    Session,
}

/// The reason why a process is dead. [`liveness`](crate::process::liveness()) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadReason {
    /// No process has its number.
    NoProcess,
    /// It has ended and waits to be reaped.
    Zombie,
    /// The number belongs to a thread, not to a process.
    Thread,
    /// The number belongs to another process by now.
    Reused,
    /// The kernel's lock, which it would keep while the process lives, is gone.
    EvidenceGone,
    /// The file is empty or malformed.
    Nobody,
    /// Its session is gone from the coordinator, and was watched for longer than it can act.
    SessionGone,
}

/// The reason why it cannot be known whether an owner is alive.
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
    /// Its identity cannot be read. Or its file holds more than a pid, and a number in it is that of a process. Or the
    /// file may not be read, and nothing else names its owner.
    Unreadable,
    /// Processes cannot be examined here.
    NoAnswer,
    /// It has a session at a coordinator, and this process asks none.
    NoCoordinator,
    /// The coordinator does not answer.
    Unreachable,
    /// Its session is of another life of the coordinator's data, or at another coordinator.
    OtherIncarnation,
    /// Its session is gone, and is watched until it counts as dead.
    Watched,
    /// Its session is gone, and was not watched: [`Options::inspect`](crate::Options::inspect) asks once.
    Gone,
}
