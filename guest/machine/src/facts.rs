//! Facts about files and processes, as a file system and a host report them.
//!
//! Each type has the cases that the contract in `wit/` and `wasi:filesystem` have under the same name.

/// A time by the clock of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Datetime {
    /// Whole seconds since 1970.
    pub seconds: u64,
    /// The rest, in nanoseconds.
    pub nanoseconds: u32,
}

/// The type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DescriptorType {
    /// None of the others, or not known.
    Unknown,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharacterDevice,
    /// A directory.
    Directory,
    /// A FIFO.
    Fifo,
    /// A symbolic link.
    SymbolicLink,
    /// A regular file: the only type that a lock file can have.
    RegularFile,
    /// A socket.
    Socket,
}

/// Why an operation on a file failed. An error for which WASI has no code arrives as [`ErrorCode::Io`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// EACCES.
    Access,
    /// EAGAIN.
    WouldBlock,
    /// EALREADY.
    Already,
    /// EBADF.
    BadDescriptor,
    /// EBUSY.
    Busy,
    /// EDEADLK.
    Deadlock,
    /// EDQUOT.
    Quota,
    /// EEXIST.
    Exist,
    /// EFBIG.
    FileTooLarge,
    /// EILSEQ.
    IllegalByteSequence,
    /// EINPROGRESS.
    InProgress,
    /// EINTR.
    Interrupted,
    /// EINVAL.
    Invalid,
    /// EIO, and each error that WASI does not know.
    Io,
    /// EISDIR.
    IsDirectory,
    /// ELOOP.
    Loop,
    /// EMLINK.
    TooManyLinks,
    /// EMSGSIZE.
    MessageSize,
    /// ENAMETOOLONG.
    NameTooLong,
    /// ENODEV.
    NoDevice,
    /// ENOENT.
    NoEntry,
    /// ENOLCK.
    NoLock,
    /// ENOMEM.
    InsufficientMemory,
    /// ENOSPC.
    InsufficientSpace,
    /// ENOTDIR.
    NotDirectory,
    /// ENOTEMPTY.
    NotEmpty,
    /// ENOTRECOVERABLE.
    NotRecoverable,
    /// ENOTSUP.
    Unsupported,
    /// ENOTTY.
    NoTty,
    /// ENXIO.
    NoSuchDevice,
    /// EOVERFLOW.
    Overflow,
    /// EPERM.
    NotPermitted,
    /// EPIPE.
    Pipe,
    /// EROFS.
    ReadOnly,
    /// ESPIPE.
    InvalidSeek,
    /// ETXTBSY.
    TextFileBusy,
    /// EXDEV.
    CrossDevice,
}

/// Why an owner counts as alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AliveReason {
    /// A process keeps the file locked. Nothing overrules this.
    Evidence,
    /// The very process is running.
    Running,
    /// The very process is running, but does not keep this file locked as its claim promises.
    Unguarded,
    /// A process has this pid, and nothing more is known.
    Exists,
    /// The owner is the process that asks.
    ThisProcess,
    /// The pid is that of the process that asks, and nothing more is known of the owner.
    OwnPid,
    /// Its session is there, at the coordinator.
    Session,
}

/// Why an owner is certainly dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadReason {
    /// No process has this pid.
    NoProcess,
    /// The process has ended, and has not been reaped.
    Zombie,
    /// The number is the id of a thread, not of a process.
    Thread,
    /// Another process has this pid now.
    Reused,
    /// The evidence that the claim promises is gone.
    EvidenceGone,
    /// The file names no owner, and no process keeps it locked.
    Nobody,
    /// Its session is gone from the coordinator, and has been seen gone for longer than it can act.
    SessionGone,
}

/// Why it is unknown whether an owner lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnknownReason {
    /// The owner lived under another boot, or on another machine.
    OtherBoot,
    /// The owner lives in another PID namespace.
    OtherNamespace,
    /// The identity, or the file, cannot be read.
    Unreadable,
    /// The host cannot inspect processes.
    NoAnswer,
    /// The owner has a session at a coordinator, and the host asks none.
    NoCoordinator,
    /// The coordinator does not answer.
    Unreachable,
    /// The owner's session is of another life of the coordinator's data.
    OtherIncarnation,
    /// The owner's session is gone, and is being watched.
    Watched,
}

/// What a host knows about an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Liveness {
    /// The owner may still act.
    Alive(AliveReason),
    /// The owner certainly does nothing any more: the only answer that frees a lock.
    Dead(DeadReason),
    /// The host cannot know. Counts as alive.
    Unknown(UnknownReason),
}
