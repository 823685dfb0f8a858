//! The variants that the contract and the machine share. A variant of the source that is missing does not compile.

use lockhost_machine::{facts, inspect, machine::outcome, machine::restore};

use super::generated::{
    exports::lockhost::lockfile::lockfile as lock, lockhost::lockfile::process,
    wasi::filesystem::types as files,
};

/// Converts variants of one side to the variants of the same name on the other.
macro_rules! words {
    ($($from:ty => $to:ty { $($word:ident),+ $(,)? })+) => {$(
        impl From<$from> for $to {
            fn from(word: $from) -> Self {
                type From = $from;
                match word {
                    $(From::$word => Self::$word,)+
                }
            }
        }
    )+};
}

/// The same in both directions.
macro_rules! both {
    ($($one:ty = $other:ty { $($word:ident),+ $(,)? })+) => {$(
        words! {
            $one => $other { $($word),+ }
            $other => $one { $($word),+ }
        }
    )+};
}

/// The same, for variants that each carry a value.
macro_rules! phrases {
    ($($from:ty => $to:ty { $($word:ident),+ $(,)? })+) => {$(
        impl From<$from> for $to {
            fn from(phrase: $from) -> Self {
                type From = $from;
                match phrase {
                    $(From::$word(word) => Self::$word(word.into()),)+
                }
            }
        }
    )+};
}

both! {
    files::ErrorCode = facts::ErrorCode {
        Access, WouldBlock, Already, BadDescriptor, Busy, Deadlock, Quota, Exist, FileTooLarge,
        IllegalByteSequence, InProgress, Interrupted, Invalid, Io, IsDirectory, Loop, TooManyLinks,
        MessageSize, NameTooLong, NoDevice, NoEntry, NoLock, InsufficientMemory, InsufficientSpace,
        NotDirectory, NotEmpty, NotRecoverable, Unsupported, NoTty, NoSuchDevice, Overflow,
        NotPermitted, Pipe, ReadOnly, InvalidSeek, TextFileBusy, CrossDevice,
    }
    files::DescriptorType = facts::DescriptorType {
        Unknown, BlockDevice, CharacterDevice, Directory, Fifo, SymbolicLink, RegularFile, Socket,
    }
    process::AliveReason = facts::AliveReason {
        Evidence, Running, Unguarded, Exists, ThisProcess, OwnPid, Session,
    }
    process::DeadReason = facts::DeadReason {
        NoProcess, Zombie, Thread, Reused, EvidenceGone, Nobody, SessionGone,
    }
    process::UnknownReason = facts::UnknownReason {
        OtherBoot, OtherNamespace, Unreadable, NoAnswer, NoCoordinator, Unreachable,
        OtherIncarnation, Watched,
    }
}

phrases! {
    process::Liveness => facts::Liveness { Alive, Dead, Unknown }
    facts::Liveness => process::Liveness { Alive, Dead, Unknown }
    outcome::NotALock => lock::NotALock { Kind, Size }
}

words! {
    outcome::Operation => lock::Operation { Create, Write, Stat, Open, Read, List, Link, Remove }
    outcome::Occupation => lock::Occupation { Owning, Reclaiming, Overtaking }
    outcome::Awaited => lock::Awaited { Settling, OtherReclaim, Owner, Session }
    restore::Restored => lock::Restored { Intact, Claim, Linked, Anew }
    inspect::State => lock::State { Free, Held, Unknown, Stale, Malformed }
}

impl From<outcome::ReplacedReason> for lock::ReplacedReason {
    fn from(reason: outcome::ReplacedReason) -> Self {
        match reason {
            outcome::ReplacedReason::Dead(reason) => Self::Dead(reason.into()),
            outcome::ReplacedReason::Malformed => Self::Malformed,
            outcome::ReplacedReason::AssumedDead => Self::AssumedDead,
        }
    }
}
